// How cost grows with what exists: the same questions to a small and a large installation, in turn.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fill, openDatabase } from './history.mjs'
import { hostPid } from './host.mjs'
import { cpu, rest } from './process.mjs'
import { median, report } from './report.mjs'
import { postgres } from './yardsticks.mjs'
import { System } from '../support/system.mjs'

const kSmall = { things: 100, events: 10000 }
const kLarge = { things: 5000, events: 300000 }
const kRounds = 31
const history = (size) => (db, { tenant, repository }) => fill(db, tenant, repository, size)

/** A host with one agent that works, and beside it what `fillIt` puts into the database. */
export async function installation(dialect, fillIt) {
  const cluster = dialect === 'postgresql' ? postgres() : undefined
  if (cluster) process.env.AE_DATABASE_URL = cluster.url
  const system = await System.start()
  delete process.env.AE_DATABASE_URL
  try {
    return await furnish(system, cluster, fillIt)
  } catch (error) {
    await system.stop()
    cluster?.stop()
    throw error
  }
}

async function furnish(system, cluster, fillIt) {
  const { token } = await system.call('POST', '/restic/agents/registration-tokens', {})
  const registered = await fetch(`${system.url}/api/v1/restic/agents/register`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ hostname: 'bench-01', os: 'linux', arch: 'amd64', version: '1' }),
  })
  const agent = await registered.json()
  const repository = await system.call('POST', '/restic/repositories', { name: 'bench', type: 'local', url: '/srv/bench', agent_id: agent.agentId, password: 'password of the bench' })
  const policy = await system.call('POST', '/restic/policies', { name: 'bench', schedule: '0 2 1 1 *', include_paths: ['/etc'], repository_id: repository.id })
  await system.call('PUT', `/restic/agents/${agent.agentId}/policies/${policy.id}`)
  const db = openDatabase(system, cluster)
  const tenant = db.value("SELECT id FROM tenants WHERE name = 'default'")
  const known = fillIt(db, { tenant, repository: repository.id, agent: agent.agentId })
  return { system, cluster, db, tenant, agent, repository, policy, known }
}

export async function stop({ system, cluster, db }) {
  db.close()
  await system.stop()
  cluster?.stop()
}

/** What the host answers the agent. */
export async function callAsAgent({ system, agent }, method, path, body) {
  const response = await fetch(`${system.url}/api/v1/restic${path}`, {
    method,
    headers: { Authorization: `Bearer ${agent.token}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return text && JSON.parse(text)
}

/** What each question is; nobody has the id nobody. */
function questions({ system, agent, policy, repository, known }) {
  const nobody = '00000000-0000-7000-8000-000000000000'
  const asAgent = (method, path, body) => () => callAsAgent({ system, agent }, method, path, body)
  const get = (path) => () => system.call('GET', path)
  return {
    'one target': get(`/restic/status/${known.target}`),
    'one run': get(`/restic/backup-runs/${known.task}`),
    'one task': get(`/restic/tasks/${known.task}`),
    'its log': get(`/restic/tasks/${known.task}/logs`),
    agents: get('/restic/agents'),
    policies: get('/restic/policies'),
    repositories: get('/restic/repositories'),
    tasks: get('/restic/tasks'),
    runs: get('/restic/backup-runs'),
    snapshots: get('/restic/snapshots'),
    'tasks of nobody': get(`/restic/tasks?agent_id=${nobody}`),
    'unreachable tasks': get('/restic/tasks?status=unreachable'),
    'prune tasks': get('/restic/tasks?type=prune'),
    'runs of no policy': get(`/restic/backup-runs?policy_id=${nobody}`),
    'failed runs': get('/restic/backup-runs?status=failed'),
    'snapshots of no run': get(`/restic/snapshots?backup_run_id=${nobody}`),
    'snapshots of no policy': get(`/restic/snapshots?policy_id=${nobody}`),
    'audit of no action': get('/audit?action=nothing.at.all'),
    heartbeat: asAgent('POST', `/agents/${agent.agentId}/heartbeat`, { version: '1', os: 'linux', openTasks: [] }),
    poll: asAgent('GET', `/agents/${agent.agentId}/tasks?wait=0&free=0`),
    'new task': () => system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent.agentId, policy_id: policy.id }),
    'new task by hand': () => system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent.agentId, repository_id: repository.id, parameters: { sources: ['/etc'] } }),
  }
}

export const timed = async (ask) => {
  const began = performance.now()
  await ask()
  return performance.now() - began
}

/** The statement of StatusService, from its source, with the tenant written in. */
function statusStatement(tenant, dialect) {
  const source = readFileSync('modules/restic/src/status/status_service.cpp', 'utf8')
  const text = /kSelect =\s*((?:(?:"[^"]*")|\/\/[^\n]*|\s)+);/.exec(source)[1]
  const sql = [...text.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join('')
  return `${sql.replace('$1', `'${tenant}'${dialect === 'postgresql' ? '::uuid' : ''}`)} ORDER BY t.name`
}

async function measure(dialect) {
  const small = await installation(dialect, history(kSmall))
  let large
  try {
    large = await installation(dialect, history(kLarge))
    const [a, b] = [questions(small), questions(large)]
    for (const name of Object.keys(a)) {
      const times = { small: [], large: [] }
      for (let i = -5; i < kRounds; ++i) {
        const [one, other] = [await timed(a[name]), await timed(b[name])]
        if (i < 0) continue // warms up
        times.small.push(one)
        times.large.push(other)
      }
      const [one, other] = [median(times.small), median(times.large)]
      // Below half a millisecond the ratio is that of two clocks.
      report(`${dialect}: ${name}, large / small`, Math.max(other, 0.5) / Math.max(one, 0.5), 'x', '<= 1.5', { small_ms: one, large_ms: other })
    }
    const status = { small: [], large: [], raw: [] }
    // The bytes, not what a client makes of them.
    const ask = (system) => async () => {
      const response = await fetch(`${system.url}/api/v1/restic/status`, { headers: { Authorization: `Bearer ${system.token}` } })
      if (!response.ok) throw new Error(await response.text())
      await response.arrayBuffer()
    }
    const sql = statusStatement(large.tenant, dialect)
    for (let i = -1; i < 9; ++i) {
      const one = await timed(ask(small.system))
      const other = await timed(ask(large.system))
      const raw = large.db.time(sql, large.tenant)
      if (i < 0) continue
      status.small.push(one)
      status.large.push(other)
      status.raw.push(raw)
    }
    report(`${dialect}: /status of 5,000 targets / of 100`, median(status.large) / median(status.small), 'x', '<= 60', { small_ms: median(status.small), large_ms: median(status.large) })
    report(`${dialect}: /status of 5,000 targets / its statement alone`, median(status.large) / median(status.raw), 'x', '<= 3', { raw_ms: median(status.raw) })
    const pid = hostPid(large.system)
    await rest(pid)
    const before = cpu(pid).own
    await sleep(30000)
    report(`${dialect}: CPU of an idle host in 30 s, large`, cpu(pid).own - before, 's', '<= 0.1')
  } catch (error) {
    console.error(large?.system.logs() ?? small.system.logs())
    throw error
  } finally {
    await stop(small)
    if (large) await stop(large)
  }
}

export async function scale() {
  await measure('sqlite')
  await measure('postgresql')
}
