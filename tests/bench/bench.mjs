// Measures ratios against yardsticks of the same run, interleaved A B A B, and prints them as a table and as JSON.
// Usage: node bench.mjs [start] [events] [requests] [parked] [backup]
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { System, until } from '../support/system.mjs'

process.env.AE_HTTP_RATE_LIMIT = '0' // one caller asks as fast as the host answers
const build = process.env.AE_BUILD_DIR ?? 'build'
const wanted = new Set(process.argv.slice(2))
const wants = (name) => wanted.size === 0 || wanted.has(name)
const results = []
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

function report(bench, value, unit, target, holds, more = {}) {
  results.push({ bench, value: Number(value.toFixed(4)), unit, target, holds, ...more })
}

/** The 95 % interval of the mean of the logarithms' ratio, as a ratio. */
function interval(ratios) {
  const logs = ratios.map(Math.log)
  const mean = logs.reduce((a, b) => a + b) / logs.length
  const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / (logs.length - 1))
  const t = { 6: 2.571, 7: 2.447, 8: 2.365, 14: 2.16, 15: 2.145, 16: 2.131, 20: 2.093, 30: 2.045, 40: 2.023 }[ratios.length] ?? 2.1
  const half = (t * deviation) / Math.sqrt(logs.length)
  return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) }
}

function load(url, token, seconds = 3, connections = 32) {
  const out = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, ...(token ? ['-H', `Authorization: Bearer ${token}`] : []), url], { encoding: 'utf8' })
  if (/Non-2xx/.test(out)) throw new Error(`the load got errors:\n${out}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1])
}

async function yardstick() {
  const child = spawn(join(build, 'tests/poco_hello'), { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))))
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.kill('SIGTERM') }
}

async function requests(system) {
  const poco = await yardstick()
  const path = `${system.url}/api/v1/auth/me`
  load(path, system.token, 1)
  load(poco.url, '', 1)
  const ours = []
  const theirs = []
  for (let i = 0; i < 7; ++i) {
    ours.push(load(path, system.token, 2))
    theirs.push(load(poco.url, '', 2))
  }
  poco.stop()
  const ratio = median(ours.map((value, i) => value / theirs[i]))
  report('authenticated GET / bare Poco hello, 32 connections', ratio, 'x', '>= 0.6', ratio >= 0.6, {
    ours_per_second: median(ours),
    yardstick_per_second: median(theirs),
  })
}

/** User memory of a process without what it shares, in bytes. */
function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/Pss:\s+(\d+)/.exec(rollup)[1]) * 1024
}
const threads = (pid) => readdirSync(`/proc/${pid}/task`).length

async function parked(system) {
  const count = 10000
  const pid = system.children[0].pid
  execFileSync(join(build, 'bin/ae-backend'), ['tenant', 'set', ...system.options, '--name', 'default', '--max-agents', '20000'])
  const tokens = []
  for (let i = 0; i < count; i += 1000) {
    const { token } = await system.call('POST', '/restic/agents/registration-tokens', { max_uses: 1000 })
    for (let j = 0; j < 1000; j += 50) {
      tokens.push(
        ...(await Promise.all(
          Array.from({ length: 50 }, async (_, k) => {
            const response = await fetch(`${system.url}/api/v1/restic/agents/register`, {
              method: 'POST',
              headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
              body: JSON.stringify({ hostname: `host-${i + j + k}`, os: 'linux', arch: 'amd64', version: '0.1.0' }),
            })
            if (!response.ok) throw new Error(await response.text())
            return response.json()
          }),
        )),
      )
    }
  }
  const path = `${system.url}/api/v1/auth/me`
  const idle = [0, 1, 2].map(() => load(path, system.token, 2))
  const memoryBefore = memory(pid)
  const threadsBefore = threads(pid)
  const { hostname, port } = new URL(system.url)
  const sockets = []
  for (const { agentId, token } of tokens) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.write(`GET /api/v1/restic/agents/${agentId}/tasks?wait=60 HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`)
    sockets.push(socket)
    if (sockets.length % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 150))
  }
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const each = (memory(pid) - memoryBefore) / count
  const added = threads(pid) - threadsBefore
  const busy = [0, 1, 2].map(() => load(path, system.token, 2))
  const answered = sockets.filter((socket) => socket.bytesRead > 0).length
  for (const socket of sockets) socket.destroy()
  if (answered > 0) throw new Error(`${answered} of ${count} polls were answered instead of parked`)
  report('user memory of a parked long poll (10,000)', each, 'bytes', '<= 8192', each <= 8192)
  report('threads added by 10,000 parked long polls', added, '', '0', added === 0)
  const ratio = median(busy) / median(idle)
  report('authenticated GET with 10,000 parked / idle', ratio, 'x', '>= 0.8', ratio >= 0.8)
}

/** CPU seconds of the finished children of a process and of itself. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return { own: (Number(fields[11]) + Number(fields[12])) / 100, children: (Number(fields[13]) + Number(fields[14])) / 100 }
}

/** A folder in memory, if there are 4 GiB of it: a disk's scatter hides what is measured, and a faster restic is the stricter yardstick. */
function backupFolder(system) {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return system.folder
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= 4 * 2 ** 30 ? mkdtempSync(join(memory, 'ae-bench-')) : system.folder
}

async function backup(system) {
  const folder = backupFolder(system)
  try {
    await backupIn(folder, system)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function backupIn(data, system) {
  const pairs = Number(process.env.PAIRS ?? 15)
  const agent = await system.startAgent()
  const agentPid = system.children[1].pid
  const source = join(data, 'source')
  mkdirSync(source)
  // 20,000 files, 1 GiB in all; the bytes are a stream that does not compress and does not repeat.
  let seed = createHash('sha512').update('bench').digest()
  const block = Buffer.alloc(53687)
  for (let i = 0; i < 20000; ++i) {
    if (i % 200 === 0) mkdirSync(join(source, `d${i / 200}`))
    seed = createHash('sha512').update(seed).digest()
    for (let at = 0; at < block.length; at += 64) {
      seed.copy(block, at)
      block.writeUInt32LE((i * 7919 + at) >>> 0, Math.min(at, block.length - 4))
    }
    writeFileSync(join(source, `d${Math.floor(i / 200)}`, `f${i}`), block)
  }
  const password = 'bench bench bench'
  const environment = { ...process.env, RESTIC_PASSWORD: password, RESTIC_PROGRESS_FPS: '1' }
  const ratios = []
  const again = []
  const cpuRatios = []
  const raw = join(data, 'raw')
  const managed = join(data, 'managed')
  const cache = join(system.folder, 'cache')
  let repository
  const emptyRepositories = async (name) => {
    for (const folder of [raw, managed]) {
      rmSync(folder, { recursive: true, force: true })
      execFileSync('restic', ['-r', folder, 'init'], { env: environment, stdio: 'ignore' })
    }
    repository = await system.call('POST', '/restic/repositories', { name, type: 'local', config: { path: managed }, agent_id: agent, password })
  }
  const alone = () => {
    execFileSync('sync') // what earlier runs wrote must be on the disk before the next is timed, or it pays for them
    const began = performance.now()
    execFileSync('restic', ['-r', raw, '--cache-dir', cache, 'backup', '--json', '--', source], { env: environment, stdio: 'ignore', maxBuffer: 1 << 26 })
    return performance.now() - began
  }
  const through = async () => {
    execFileSync('sync')
    const before = cpu(agentPid)
    const began = Date.now()
    const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, repository_id: repository.id, parameters: { sources: [source] } })
    let task
    do {
      // Seldom, because asking takes from restic's processors; the host's own clock says when it was over.
      await new Promise((resolve) => setTimeout(resolve, 250))
      task = await system.call('GET', `/restic/tasks/${id}`)
      if (task.status === 'failed' || task.status === 'cancelled') throw new Error(JSON.stringify(task.error))
    } while (task.status !== 'success')
    const took = Date.parse(task.completed_at) - began
    const after = cpu(agentPid)
    return { took, share: (after.own - before.own) / (after.children - before.children) }
  }
  /** One run each; who goes first alternates, so that neither always finds the other's disk cache. */
  const pair = async (agentFirst) => {
    if (agentFirst) return [await through(), alone()]
    const other = alone()
    return [await through(), other]
  }
  for (let i = -1; i < pairs; ++i) {
    // Both orders in one round: what the machine does meanwhile, getting slower or faster, cancels out.
    const firsts = []
    const unchanged = []
    for (const agentFirst of [true, false]) {
      await emptyRepositories(`bench-${i}-${agentFirst}`)
      firsts.push(await pair(agentFirst))
      unchanged.push(await pair(agentFirst), await pair(!agentFirst))
    }
    if (i < 0) continue // the first round warms up
    ratios.push((firsts[0][0].took + firsts[1][0].took) / (firsts[0][1] + firsts[1][1]))
    for (const [first] of firsts) cpuRatios.push(first.share)
    for (const [second, other] of unchanged) again.push(second.took - other)
  }
  const { mean, high } = interval(ratios)
  report(`backup through the agent / raw restic, ${pairs} rounds of two pairs`, high, 'x (upper end of 95 %)', '<= 1.05', high <= 1.05, { mean: Number(mean.toFixed(4)) })
  report("agent's CPU / restic's CPU", median(cpuRatios), 'x', '<= 0.02', median(cpuRatios) <= 0.02)
  report('unchanged second run, longer than raw by', median(again), 'ms', '<= 50', median(again) <= 50)
}

/** Milliseconds from the start of a program until its address answers 200. */
async function untilReady(program, args, addressOf) {
  const began = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const url = await new Promise((resolve, reject) => {
    const listen = (data) => {
      said += data
      const found = addressOf(said)
      if (found) resolve(found)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('exit', () => reject(new Error(`it ended:\n${said}`)))
  })
  while (!(await fetch(url).then((response) => response.ok, () => false)));
  const took = performance.now() - began
  child.removeAllListeners('exit')
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  return took
}

/** From the start to the first good answer, with the host's own modules, and what twenty more cost. */
async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'ae-bench-'))
  const backend = join(build, 'bin/ae-backend')
  const options = ['--config', join(folder, 'none.yaml'), '--data-dir', folder, '--http-addr', '127.0.0.1:0', '--log-format', 'json']
  execFileSync(backend, [...options, 'migrate'], { stdio: 'ignore' })
  const modules = join(folder, 'more')
  mkdirSync(modules)
  const noop = readFileSync(join(build, 'tests/bench/noop_00.so'), 'latin1')
  for (let i = 0; i < 20; ++i) {
    const id = `noop_${String(i).padStart(2, '0')}`
    writeFileSync(join(modules, `${id}.so`), noop.replaceAll('noop_00', id), { encoding: 'latin1', mode: 0o644 })
    writeFileSync(join(modules, `${id}.json`), JSON.stringify({ id, version: '1.0.0', abi: 1 }), { mode: 0o644 })
  }
  const listed = JSON.parse(execFileSync(backend, [...options, '--module-path', modules, 'module', 'list', '--json'], { encoding: 'utf8' }))
  const failed = (listed.items ?? listed).filter(({ state }) => state === 'failed' || state === 'skipped')
  if (failed.length > 0) throw new Error(JSON.stringify(failed))
  const ready = (said) => {
    const found = /"msg":"serving"[^\n]*"port":(\d+)/.exec(said)
    return found && `http://127.0.0.1:${found[1]}/health/ready`
  }
  const host = (more = []) => untilReady(backend, [...options, ...more, 'serve'], ready)
  const bare = () => untilReady(join(build, 'tests/poco_hello'), [join(folder, 'ae-backend.db')], (said) => /^\d+\n/.test(said) && `http://127.0.0.1:${Number(said)}/`)
  const over = []
  const each = []
  for (let i = 0; i <= 15; ++i) {
    const alone = await host()
    const yardstick = await bare()
    const many = await host(['--module-path', modules])
    if (i === 0) continue // the first of each warms up
    over.push(alone - yardstick)
    each.push((many - alone) / 20)
  }
  rmSync(folder, { recursive: true })
  report('start to ready, longer than a bare Poco process on the same database by', median(over), 'ms', '<= 150', median(over) <= 150)
  report('each of 20 modules that do nothing, at the start', median(each), 'ms', '<= 2', median(each) <= 2)
}

function events() {
  const { idle, burst, million_growth_kib: growth, lost } = JSON.parse(execFileSync(join(build, 'tests/event_bench'), { encoding: 'utf8' }))
  report('publish an event to an idle subscriber / mutex, deque, notify', idle.ratio, 'x', '<= 2', idle.ratio <= 2, idle)
  report('the same in bursts of 1,000', burst.ratio, 'x', '<= 2', burst.ratio <= 2, burst)
  report('memory after a million events', growth, 'KiB more', '<= 1024', growth <= 1024 && lost === 0, { lost })
}

if (wants('start')) await start()
if (wants('events')) events()
if (['requests', 'backup', 'parked'].some(wants)) {
  const system = await System.start()
  try {
    if (wants('requests')) await requests(system)
    if (wants('backup')) await backup(system)
    if (wants('parked')) await parked(system)
  } catch (error) {
    console.error(system.logs())
    throw error
  } finally {
    await system.stop()
  }
}
for (const { bench, value, unit, target, holds } of results) console.log(`${holds ? '✓' : '✗'} ${bench}: ${value} ${unit} (${target})`)
console.log(JSON.stringify({ benches: results }))
process.exitCode = results.every((result) => result.holds) ? 0 : 1
