// A database dumped through the agent and its plugin, beside the same two programs with a pipe between them.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../support/system.mjs'
import { benchFolder, ended, kPassword } from './backup.mjs'
import { interval, report } from './report.mjs'

const kPairs = Number(process.env.PAIRS ?? 6)
const kMegabytes = Number(process.env.MEGABYTES ?? 1024)
const kPrograms = '/usr/lib/postgresql/15/bin'
const kRowBytes = 1024

/** A PostgreSQL on a socket in that folder; not as root, which it refuses. */
async function startServer(folder) {
  mkdirSync(folder)
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })))
  chownSync(folder, uid, gid)
  const as = (program, args) => execFileSync(join(kPrograms, program), args, { uid, gid, cwd: '/', stdio: 'pipe' })
  as('initdb', ['-D', join(folder, 'data'), '-A', 'trust', '-E', 'UTF8'])
  const server = spawn(join(kPrograms, 'postgres'), ['-D', join(folder, 'data'), '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'autovacuum=off'], { uid, gid, cwd: '/', stdio: 'ignore' })
  const sql = (statements, database = 'postgres') => execFileSync(join(kPrograms, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', folder, '-U', 'postgres', '-d', database], { input: statements, stdio: ['pipe', 'pipe', 'pipe'] })
  await until('PostgreSQL', async () => sql('SELECT 1'))
  return { folder, sql, stop: () => new Promise((resolve) => server.once('exit', resolve) && server.kill('SIGINT')) }
}

/** User memory of every process of our own program, in bytes: what restic and pg_dump take is theirs. */
function ownMemory() {
  let sum = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'restic-agent\n') continue
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
      sum += Number(/Private_Clean:\s+(\d+)/.exec(rollup)[1]) + Number(/Private_Dirty:\s+(\d+)/.exec(rollup)[1])
    } catch {
      // it has ended meanwhile
    }
  return sum * 1024
}

export async function dumps(system) {
  const folder = benchFolder(system)
  chmodSync(folder, 0o711) // the server's user passes through
  const server = await startServer(join(folder, 'postgres'))
  try {
    await measure(system, folder, server)
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(system, folder, server) {
  server.sql('CREATE DATABASE bench')
  // Text that hardly compresses, and not the same twice.
  server.sql(`CREATE TABLE words (id bigint PRIMARY KEY, word text); INSERT INTO words SELECT n, (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, ${kRowBytes / 32}) k) FROM generate_series(1, ${kMegabytes * 1024}) n`, 'bench')
  const agent = await system.startAgent()
  const raw = join(folder, 'raw')
  const managed = join(folder, 'managed')
  const cache = join(system.folder, 'cache')
  const environment = { ...process.env, RESTIC_PASSWORD: kPassword, RESTIC_PROGRESS_FPS: '1' }
  for (const place of [raw, managed]) execFileSync('restic', ['-r', place, 'init'], { env: environment, stdio: 'ignore' })
  const repository = await system.call('POST', '/restic/repositories', { name: 'bench', type: 'local', config: { path: managed }, agent_id: agent, password: kPassword })
  const setup = await system.call('PUT', `/restic/agents/${agent}/plugins/postgres`, { enabled: true, settings: { host: server.folder, user: 'postgres', databases: ['bench'], roles: false } })
  await until('the plugin', async () => (await system.call('GET', `/restic/tasks/${setup.id}`)).status === 'success')
  await until('its report', async () => (await system.call('GET', `/restic/agents/${agent}/plugins`)).items.some((one) => one.name === 'postgres' && one.enabled), 90)
  const policy = await system.call('POST', '/restic/policies', { name: 'bench', schedule: '0 2 1 1 *', include_paths: [], retention_rules: { keep_last: 1 }, repository_id: repository.id, plugins: [{ name: 'postgres' }] })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  const bytesIn = (place) => Number(execFileSync('du', ['-sb', place], { encoding: 'utf8' }).split('\t')[0])
  const alone = () => {
    execFileSync('sync')
    const before = bytesIn(raw)
    const began = performance.now()
    execFileSync('bash', ['-c', `set -o pipefail; ${kPrograms}/pg_dump -Fc -Z0 -h ${server.folder} -U postgres bench | restic -r ${raw} --cache-dir ${cache} backup --json --stdin --stdin-filename /bench.dump`], { env: environment, stdio: 'ignore' })
    return { took: performance.now() - began, added: bytesIn(raw) - before }
  }
  let most = 0
  const through = async () => {
    execFileSync('sync')
    const before = bytesIn(managed)
    const watch = setInterval(() => (most = Math.max(most, ownMemory())), 200)
    const took = await ended(system, { type: 'backup', agent_id: agent, policy_id: policy.id })
    clearInterval(watch)
    return { took, added: bytesIn(managed) - before }
  }
  await through() // the first one of each fills its repository
  alone()
  const idle = ownMemory()
  const times = []
  const added = []
  for (let i = 0; i < kPairs; ++i) {
    server.sql(`UPDATE words SET word = reverse(word) WHERE id % 100 = ${i}`, 'bench') // a hundredth of it
    const pair = i % 2 === 0 ? { through: await through(), raw: alone() } : { raw: alone(), through: await through() }
    times.push(pair.through.took / pair.raw.took)
    added.push(pair.through.added / pair.raw.added)
  }
  const { mean, high } = interval(times)
  report(`dump of ${kMegabytes} MiB through the agent / pg_dump | restic, ${kPairs} pairs`, mean, 'x', '<= 1.05', { high: Number(high.toFixed(4)) })
  report('what a further dump adds / what the pipe adds', Math.max(...added), 'x', '<= 1.1')
  report('memory of our own processes over an idle agent', (most - idle) / 2 ** 20, 'MiB', '<= 32')
}
