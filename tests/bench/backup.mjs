// B1: a backup through the agent beside restic alone.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpu } from './process.mjs'
import { interval, median, report } from './report.mjs'

/** A folder in memory, if there are 4 GiB of it: a disk's scatter hides what is measured, and a faster restic is the stricter yardstick. */
export function benchFolder(system) {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return system.folder
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= 4 * 2 ** 30 ? mkdtempSync(join(memory, 'ae-bench-')) : system.folder
}

export const kPassword = 'bench bench bench'

/** Runs a task, which this route starts, to its good end; how long it took by the host's own clock, in ms. */
export async function ended(system, wanted, route = '/restic/tasks') {
  const began = Date.now()
  const { id } = await system.call('POST', route, wanted)
  let task
  do {
    // Seldom, because asking takes from restic's processors; the host's own clock says when it was over.
    await new Promise((resolve) => setTimeout(resolve, 250))
    task = await system.call('GET', `/restic/tasks/${id}`)
    if (task.status === 'failed' || task.status === 'cancelled') throw new Error(JSON.stringify(task.error))
  } while (task.status !== 'success')
  return Date.parse(task.completed_at) - began
}

export async function backup(system) {
  const folder = benchFolder(system)
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
  const environment = { ...process.env, RESTIC_PASSWORD: kPassword, RESTIC_PROGRESS_FPS: '1' }
  const ratios = []
  const again = []
  const cpuRatios = []
  const raw = join(data, 'raw')
  const managed = join(data, 'managed')
  const cache = join(system.folder, 'cache')
  let repository
  const emptyRepositories = async () => {
    for (const folder of [raw, managed]) {
      rmSync(folder, { recursive: true, force: true })
      execFileSync('restic', ['-r', folder, 'init'], { env: environment, stdio: 'ignore' })
    }
    repository ??= await system.call('POST', '/restic/repositories', { name: 'bench', type: 'local', config: { path: managed }, agent_id: agent, password: kPassword })
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
    const took = await ended(system, { type: 'backup', agent_id: agent, repository_id: repository.id, parameters: { sources: [source] } })
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
      await emptyRepositories()
      firsts.push(await pair(agentFirst))
      unchanged.push(await pair(agentFirst), await pair(!agentFirst))
    }
    if (i < 0) continue // the first round warms up
    ratios.push((firsts[0][0].took + firsts[1][0].took) / (firsts[0][1] + firsts[1][1]))
    for (const [first] of firsts) cpuRatios.push(first.share)
    for (const [second, other] of unchanged) again.push(second.took - other)
  }
  const { mean, high } = interval(ratios)
  report(`backup through the agent / raw restic, ${pairs} rounds of two pairs`, high, 'x (upper end of 95 %)', '<= 1.05', { mean: Number(mean.toFixed(4)) })
  report("agent's CPU / restic's CPU", median(cpuRatios), 'x', '<= 0.02')
  report('unchanged second run, longer than raw by', median(again), 'ms', '<= 50')
}
