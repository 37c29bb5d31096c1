// What it costs to watch repositories without agents: beside restic itself, and beside the statement alone.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../support/system.mjs'
import { hostPid, withHost } from './host.mjs'
import { statementsOf } from './list.mjs'
import { load } from './load.mjs'
import { cpu } from './process.mjs'
import { median, report } from './report.mjs'
import { postgres } from './yardsticks.mjs'

const kRepositories = 100
const kTargets = 1000

/** CPU seconds of a restic that lists the snapshots once. */
function costOfRestic(environment) {
  const times = execFileSync('bash', ['-c', 'for i in 1 2 3 4 5; do restic snapshots --no-lock --json >/dev/null; done; times'], { env: environment, encoding: 'utf8' })
  const [user, system] = times.trim().split('\n')[1].split(' ').map((text) => Number(/(\d+)m/.exec(text)[1]) * 60 + Number(/m([\d.]+)s/.exec(text)[1]))
  return (user + system) / 5
}

/** A hundred repositories that do not change, each looked at every five seconds. */
async function unchanged() {
  const roots = mkdtempSync(join(tmpdir(), 'ae-bench-polling-'))
  const environment = { ...process.env, RESTIC_PASSWORD: 'bench', RESTIC_REPOSITORY: join(roots, '0'), RESTIC_CACHE_DIR: join(roots, 'cache') }
  mkdirSync(join(roots, 'source'))
  writeFileSync(join(roots, 'source/file'), 'content')
  execFileSync('restic', ['init'], { env: environment, stdio: 'ignore' })
  for (let i = 0; i < 20; ++i) execFileSync('restic', ['backup', join(roots, 'source')], { env: environment, stdio: 'ignore' })
  for (let i = 1; i < kRepositories; ++i) cpSync(join(roots, '0'), join(roots, `${i}`), { recursive: true })
  const settings = { AE_DIRECT_LOCAL_ROOTS: roots, AE_RESTIC_MONITOR_USER: 'root', AE_RESTIC_MONITOR_CACHE_DIR: join(roots, 'host-cache'), AE_RESTIC_MONITOR_INTERVAL: '5s' }
  const used = (pid) => cpu(pid).own + cpu(pid).children
  try {
    await withHost(settings, async (system) => {
      await sleep(3000)
      const before = used(hostPid(system))
      await sleep(10000)
      const idle = (used(hostPid(system)) - before) / 10
      const targets = []
      for (let i = 0; i < kRepositories; ++i) {
        const repository = await system.call('POST', '/restic/repositories', { name: `${i}`, type: 'local', url: join(roots, `${i}`), password: 'bench' })
        targets.push((await system.call('POST', '/restic/targets', { name: `${i}`, repository_id: repository.id })).id)
      }
      const probes = async (id) => (await system.call('GET', `/restic/targets/${id}`)).probes
      for (const id of targets) await until('all looks at a new target', async () => (await probes(id)).every((probe) => probe.good_at), 600)
      const looks = () => execFileSync('sqlite3', ['-readonly', join(system.folder, 'host/ae-backend.db'), 'SELECT count(*) FROM restic_health_checks'], { encoding: 'utf8' })
      const ratios = []
      for (let i = 0; i < 5; ++i) {
        const yardstick = costOfRestic(environment)
        const [from, at] = [used(hostPid(system)), Number(looks())]
        await sleep(15000)
        const count = Number(looks()) - at
        ratios.push((used(hostPid(system)) - from - idle * 15) / count / yardstick)
      }
      report(`CPU of a look at one of ${kRepositories} unchanged repositories / restic snapshots`, median(ratios), 'x', '<= 0.01', { ratios, idle_cpu: idle })
    })
  } finally {
    rmSync(roots, { recursive: true, force: true })
  }
}

/** A thousand targets, as looks have left them. */
async function manyTargets() {
  const cluster = postgres()
  try {
    await withHost({ AE_DATABASE_URL: cluster.url }, async (system) => {
      const repository = await system.call('POST', '/restic/repositories', { name: 'one', type: 'rest', url: 'rest:https://backup.example.com/one/', password: 'bench' })
      const found = '{"count": 20, "lock_count": 0, "locks": [], "names": {"snapshots": "x", "locks": []}, "groups": [{"hash": "abc", "hostname": "old-server", "username": "root", "paths": "/srv", "tags": "", "tag": "", "count": 20, "time": 1790000000, "files": 10, "bytes": 1000}]}'
      const never = 253370764800000000n
      const sql = `SET ROLE ae_system;
        INSERT INTO restic_targets (id, tenant_id, name, mode, repository_id, snapshot_count, latest_snapshot_id, latest_snapshot_at_us, created_at_us, updated_at_us)
          SELECT gen_random_uuid(), r.tenant_id, 'target-' || n, 'direct', r.id, 20, repeat('a', 64), extract(epoch FROM now()) * 1000000, 1, 1 FROM restic_repositories r, generate_series(1, ${kTargets}) n;
        INSERT INTO restic_target_probes (tenant_id, target_id, kind, next_at_us, started_at_us, ended_at_us, good_at_us, found)
          SELECT t.tenant_id, t.id, k.kind, ${never}, 1, 2, 2, CASE WHEN k.kind = 'stats' THEN '{"size_bytes": 1000}' ELSE '${found}' END::jsonb
          FROM restic_targets t, (VALUES ('snapshots'), ('stats'), ('check')) k(kind);
        ANALYZE restic_targets; ANALYZE restic_target_probes;`
      execFileSync('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-h', cluster.folder, '-U', 'postgres', '-d', 'bench', '-c', sql])
      if ((await system.call('GET', '/restic/status')).length !== kTargets || !repository.id) throw new Error('they are not there')
      const statements = await statementsOf(cluster, /FROM restic_targets t LEFT JOIN restic_agents/, () => system.call('GET', '/restic/status'))
      const file = join(system.folder, 'status.sql')
      writeFileSync(file, `${statements.join('\n')}\n`)
      const pgbench = () => Number(/tps = ([\d.]+)/.exec(execFileSync('pgbench', ['-n', '-M', 'prepared', '-c', '1', '-j', '1', '-T', '3', '-f', file, '-h', cluster.folder, '-U', 'ae_host', 'bench'], { encoding: 'utf8' }))[1])
      const ratios = []
      for (let i = 0; i <= 5; ++i) {
        const { rate } = load(`${system.url}/api/v1/restic/status`, system.token, 3, 1)
        const raw = pgbench()
        if (i > 0) ratios.push(raw / rate) // the first one warms up
      }
      report(`/status of ${kTargets} targets / its statement alone`, median(ratios), 'x', '<= 3', { ratios })

      const scrape = async () => (await fetch(`${system.url}/metrics`, { headers: { Authorization: `Bearer ${system.token}` } })).text()
      if (!(await scrape()).includes('restic_backup_timestamp{')) throw new Error('the numbers are not there')
      const costs = []
      for (let i = 0; i < 5; ++i) {
        await sleep(2500) // beyond what is read once for all families
        const before = cpu(hostPid(system)).own
        await scrape()
        costs.push((cpu(hostPid(system)).own - before) * 1000)
      }
      report(`CPU of the host for /metrics of ${kTargets} targets`, median(costs), 'ms', '<= 100', { costs })
    })
  } finally {
    cluster.stop()
  }
}

export async function polling() {
  await unchanged()
  await manyTargets()
}
