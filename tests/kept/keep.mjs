// Keeps what this build makes of a database, and what its agent says to a host, for all later builds:
//   node tests/kept/keep.mjs NAME
// writes tests/data/databases/NAME and tests/data/protocol/NAME. NAME is the schema's state: 0001.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { KINDS, fillTenant, PASSWORD } from './fill.mjs'
import { Cluster, Host, LISTS } from './host.mjs'
import { record } from './recorder.mjs'

const name = process.argv[2]
if (!/^[a-z0-9.-]+$/.test(name ?? '')) throw new Error('usage: node tests/kept/keep.mjs NAME')
const data = resolve(import.meta.dirname, '../data')
const folder = mkdtempSync(join(tmpdir(), 'ae-keep-'))

/** Tables that are empty where nothing waits, nothing went wrong and no history has ended. */
const MAY_BE_EMPTY = new Set(['core_outbox', 'core_outbox_subscriptions', 'core_outbox_dead', 'core_idempotency_keys', 'core_leases', 'audit_anchors'])

/** What ends, or falls due, by itself would be told of differently one day: all of it moves to the year 2100. */
const NEVER = ['invitations SET expires_at_us', 'restic_registration_tokens SET expires_at_us', 'restic_agent_policy_links SET next_run_at_us', 'restic_repository_schedules SET next_run_at_us']
  .map((column) => `UPDATE ${column} = 4102444800000000;`).join(' ') + ' UPDATE api_tokens SET expires_at_us = 4102444800000000 WHERE expires_at_us IS NOT NULL;'

async function make(database, dialect) {
  const host = new Host(join(folder, dialect), database)
  mkdirSync(host.folder)
  // What is looked at by the host itself lies in that folder; whether promises are kept is looked at each second.
  Object.assign(host.environment, { AE_DIRECT_LOCAL_ROOTS: folder, AE_RESTIC_MONITOR_USER: 'root', AE_RESTIC_POLICIES_EVALUATION_INTERVAL: '1s' })
  host.environment.AE_BOOTSTRAP_ADMIN_EMAIL = 'admin@first.example'
  host.environment.AE_BOOTSTRAP_ADMIN_PASSWORD = PASSWORD
  await host.start()
  const tenants = []
  let recorded
  try {
    const second = JSON.parse(host.command('tenant', 'create', '--name', 'second "ü"'))
    const { user } = await host.call('', 'POST', '/api/v1/auth/login', { email: 'admin@first.example', password: PASSWORD })
    for (const [i, tenant] of [{ id: user.tenant_id }, second].entries()) {
      const { token } = JSON.parse(host.command('token', 'create', '--name', 'keeper', '--role', 'admin', '--tenant', tenant.id))
      const recorder = await record(host.url)
      const { secrets } = await fillTenant(host, token, join(folder, `${dialect}-${i}`), `tenant${i}`, recorder.url)
      recorder.stop()
      recorded ??= recorder.conversation
      // A request that is answered again, and one more entry of each list.
      await fetch(`${host.url}/api/v1/tokens`, { method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': `kept-${i}` }, body: '{"name":"once"}' })
      const counts = {}
      for (const path of Object.keys(LISTS)) counts[path] = (await host.list(token, path)).length
      tenants.push({ id: tenant.id, counts, secrets })
    }
  } finally {
    await host.stop()
  }
  return { host, manifest: { password: PASSWORD, tenants }, recorded }
}

/** What is asked beside tasks, once for each address, and each task's requests; ids are {agent} and {task}. */
function conversationOf(recorded) {
  const agent = recorded.map((one) => /agents\/([0-9a-f-]{36})\//.exec(one.path)?.[1]).find(Boolean)
  const general = {}
  const byTask = new Map()
  for (const one of recorded) {
    const task = /tasks\/([0-9a-f-]{36})\//.exec(one.path)?.[1]
    const text = JSON.stringify(one).replaceAll(agent, '{agent}')
    if (task) byTask.set(task, [...(byTask.get(task) ?? []), JSON.parse(text.replaceAll(task, '{task}'))])
    else general[`${one.method} ${JSON.parse(text).path.replace(/\?.*/, '')}`] = JSON.parse(text)
  }
  return { general: Object.values(general), tasks: [...byTask.values()] }
}

const cluster = new Cluster()
try {
  const sqlite = await make(undefined, 'sqlite')
  const postgres = await make(cluster.create('kept'), 'postgresql')

  const into = join(data, 'databases', name)
  rmSync(into, { recursive: true, force: true })
  for (const { host, manifest } of [sqlite, postgres]) {
    const dialect = host.folder.split('/').at(-1)
    mkdirSync(join(into, dialect), { recursive: true })
    cpSync(join(host.folder, 'keys'), join(into, dialect, 'test-keys'), { recursive: true })
    writeFileSync(join(into, dialect, 'manifest.json'), JSON.stringify(manifest, null, 1) + '\n')
  }
  const file = join(sqlite.host.folder, 'ae-backend.db')
  execFileSync('sqlite3', [file, `${NEVER} VACUUM`])
  cluster.psql('kept', ['-c', NEVER])
  const empty = execFileSync('sqlite3', [file, "SELECT name FROM sqlite_master WHERE type = 'table'"], { encoding: 'utf8' }).trim().split('\n')
    .filter((table) => !table.startsWith('sqlite_') && !MAY_BE_EMPTY.has(table) && execFileSync('sqlite3', [file, `SELECT count(*) FROM "${table}"`], { encoding: 'utf8' }).trim() === '0')
  if (empty.length > 0) throw new Error(`nothing fills ${empty.join(', ')}`)
  writeFileSync(join(into, 'sqlite/ae-backend.db.gz'), gzipSync(readFileSync(file), { level: 9 }))
  writeFileSync(join(into, 'postgresql/database.sql.gz'), gzipSync(cluster.dump('kept'), { level: 9 }))

  const says = join(data, 'protocol', name)
  mkdirSync(says, { recursive: true })
  const { general, tasks } = conversationOf(sqlite.recorded)
  writeFileSync(join(says, 'agent.json'), JSON.stringify(general, null, 1) + '\n')
  // Tasks were run one after the other, in this order.
  const order = [...KINDS.flatMap((kind) => (kind === 'backup' ? ['backup', null, null] : [kind])), 'backup-failed', 'backup-cancelled', ...Array(7).fill(null)]
  if (tasks.length !== order.length) throw new Error(`${tasks.length} tasks instead of ${order.length}`)
  order.forEach((kind, i) => kind && writeFileSync(join(says, `${kind}.json`), JSON.stringify(tasks[i], null, 1) + '\n'))
} finally {
  cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}
