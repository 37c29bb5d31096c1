// Every kept database is migrated by this build, every row of it is read, and its secrets still open.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, chmodSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Cluster, Host, LISTS } from './host.mjs'

const kept = resolve(import.meta.dirname, '../data/databases')
const folder = mkdtempSync(join(tmpdir(), 'ae-kept-'))
let cluster
after(() => {
  cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function lay(name, dialect) {
  const from = join(kept, name, dialect)
  const host = join(folder, `${name}-${dialect}`)
  mkdirSync(host, { mode: 0o700 })
  cpSync(join(from, 'test-keys'), join(host, 'keys'), { recursive: true })
  chmodSync(join(host, 'keys'), 0o700)
  for (const key of readdirSync(join(host, 'keys'))) chmodSync(join(host, 'keys', key), 0o600)
  if (dialect === 'sqlite') {
    writeFileSync(join(host, 'ae-backend.db'), gunzipSync(readFileSync(join(from, 'ae-backend.db.gz'))), { mode: 0o600 })
    return new Host(host)
  }
  cluster ??= new Cluster()
  // The host's migrations make its roles where a cluster does not have them; a dump only names them.
  cluster.psql('postgres', ['-c', "DO $$ DECLARE r text; BEGIN FOREACH r IN ARRAY ARRAY['ae_app', 'ae_system'] LOOP IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE 'CREATE ROLE ' || r || ' NOLOGIN'; EXECUTE 'GRANT ' || r || ' TO ae_host WITH ADMIN OPTION'; END IF; END LOOP; END $$"])
  const database = `kept_${name.replaceAll(/[^a-z0-9]/g, '_')}`
  const url = cluster.create(database)
  cluster.psql(database, [], gunzipSync(readFileSync(join(from, 'database.sql.gz'))))
  return new Host(host, url)
}

async function readTenant(host, token, tenant) {
  for (const [path, count] of Object.entries(tenant.counts)) {
    const items = await host.list(token, path)
    // This test's own token, and the entries of the audit log about it, came later.
    const more = path === '/api/v1/tokens' ? 1 : 0
    if (path === '/api/v1/audit') assert.ok(items.length >= count, path)
    else assert.equal(items.length, count + more, path)
    if (LISTS[path]) for (const item of items) assert.equal((await host.call(token, 'GET', `${path}/${item.id}`)).id, item.id, path)
    if (path.endsWith('/tasks')) {
      let lines = 0
      for (const task of items) lines += (await host.list(token, `${path}/${task.id}/logs`)).length
      assert.ok(lines > 0, 'the logs of tasks')
    }
  }
}

/** Whoever keeps secrets gives them to agents: each repository's, as it was typed. */
async function openSecrets(host, token, tenant) {
  const agents = '/api/v1/restic/agents'
  const { token: registration } = await host.call(token, 'POST', `${agents}/registration-tokens`, {})
  const reader = await host.call(registration, 'POST', `${agents}/register`, { hostname: 'reader', os: 'linux', arch: 'amd64', version: '9' })
  const repositories = await host.list(token, '/api/v1/restic/repositories')
  for (const [id, wanted] of Object.entries(tenant.secrets)) {
    const repository = repositories.find((one) => one.id === id)
    let agent = { id: reader.agentId, token: reader.token }
    if (repository.type === 'local') {
      // On the disk of one machine: its own agent is asked, by a new token.
      const rotated = await host.call(token, 'POST', `${agents}/${repository.agent_id}/rotate-token`)
      agent = { id: repository.agent_id, token: rotated.token }
    }
    const { id: task } = await host.call(token, 'POST', '/api/v1/restic/tasks', { type: 'stats', agent_id: agent.id, repository_id: id })
    const poll = await host.call(agent.token, 'GET', `${agents}/${agent.id}/tasks?wait=0`)
    const given = poll.items.map((one) => one.payload).find((one) => one.task_id === task)
    assert.ok(given, `${repository.type}: ${JSON.stringify(poll)}`)
    assert.equal(given.repository.password, wanted.password, repository.type)
    const text = JSON.stringify(given.repository)
    for (const [field, secret] of Object.entries(wanted.config ?? {})) assert.ok(text.includes(JSON.stringify(secret)), `${repository.type}: ${field}`)
    await host.call(agent.token, 'POST', `/api/v1/restic/tasks/${task}/status`, { attempt: given.attempt, status: 'failed' })
  }
}

const names = readdirSync(kept).filter((name) => !name.startsWith('.'))
assert.ok(names.length > 0)
for (const name of names)
  for (const dialect of ['sqlite', 'postgresql'])
    test(`${name} on ${dialect} is migrated, read and opened`, async (t) => {
      const host = lay(name, dialect)
      const manifest = JSON.parse(readFileSync(join(kept, name, dialect, 'manifest.json'), 'utf8'))
      try {
        host.command('migrate')
        assert.ok(host.command('doctor'))
        await host.start()
        assert.equal(manifest.tenants.length, 2)
        for (const tenant of manifest.tenants) {
          const { token } = JSON.parse(host.command('token', 'create', '--name', 'reader', '--role', 'admin', '--tenant', tenant.id))
          await readTenant(host, token, tenant)
          await openSecrets(host, token, tenant)
        }
        // Whoever had a password then signs in with it now.
        for (const email of ['person@tenant0.example', 'person@tenant1.example'])
          assert.ok((await host.call('', 'POST', '/api/v1/auth/login', { email, password: manifest.password })).access_token)
      } catch (error) {
        t.diagnostic(String(error.stderr ?? ''))
        try {
          t.diagnostic(host.log().split('\n').slice(-10).join('\n'))
        } catch {
          t.diagnostic('the host has no log')
        }
        throw error
      } finally {
        if (host.process) await host.stop()
      }
    })
