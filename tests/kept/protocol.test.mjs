// An agent of an earlier version goes on working: what it said then is said again to the host of this build, which
// has to take every word.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { KINDS, PASSWORD } from './fill.mjs'
import { Host } from './host.mjs'

const kept = resolve(import.meta.dirname, '../data/protocol')
const folder = mkdtempSync(join(tmpdir(), 'ae-kept-'))
const host = new Host(join(folder, 'host'))
let admin

before(async () => {
  mkdirSync(host.folder)
  host.environment.AE_BOOTSTRAP_ADMIN_EMAIL = 'admin@first.example'
  host.environment.AE_BOOTSTRAP_ADMIN_PASSWORD = PASSWORD
  await host.start()
  admin = JSON.parse(host.command('token', 'create', '--name', 'test', '--role', 'admin')).token
})
after(async () => {
  await host.stop()
  rmSync(folder, { recursive: true, force: true })
})

const load = (version, file) => JSON.parse(readFileSync(join(kept, version, file), 'utf8'))

for (const version of readdirSync(kept))
  test(`an agent of ${version} registers, beats, polls, and ends a task of each kind`, async () => {
    const call = (method, path, body) => host.call(admin, method, `/api/v1${path}`, body)
    const general = load(version, 'agent.json')
    const find = (method, end) => general.find((one) => one.method === method && one.path.replace(/\?.*/, '').endsWith(end))
    const { token: registration } = await call('POST', '/restic/agents/registration-tokens', {})
    const register = find('POST', '/register')
    // Each version in a machine of its own: they were kept under one name.
    const agent = await host.call(registration, 'POST', register.path, { ...register.body, hostname: `web-${version}` })
    assert.ok(agent.token && agent.agentId)
    const say = (one, names = {}) => {
      const text = Object.entries({ '{agent}': agent.agentId, ...names }).reduce((all, [name, id]) => all.replaceAll(name, id), JSON.stringify(one))
      const { method, path, body } = JSON.parse(text)
      return host.call(agent.token, method, path, body)
    }
    await say(find('POST', '/heartbeat'))
    assert.equal((await call('GET', `/restic/agents/${agent.agentId}`)).status, 'online')

    const repository = await call('POST', '/restic/repositories', {
      name: `of ${version}`, type: 'local', config: { path: `/srv/${version}` }, agent_id: agent.agentId, password: PASSWORD,
    })
    const policy = await call('POST', '/restic/policies', {
      name: `of ${version}`, schedule: '0 2 * * *', include_paths: ['/etc'], repository_id: repository.id, retention_rules: { keep_last: 1 },
    })
    await call('PUT', `/restic/agents/${agent.agentId}/policies/${policy.id}`)
    const poll = find('GET', '/tasks')
    // As it asked, but it need not be waited for what is there.
    poll.path = poll.path.replace(/wait=\d+/, 'wait=0')
    for (const kind of [...KINDS, 'backup-failed', 'backup-cancelled'].filter((one) => existsSync(join(kept, version, `${one}.json`)))) {
      const type = kind.split('-')[0]
      const body = type === 'backup' ? { policy_id: policy.id } : { repository_id: repository.id }
      if (/forget|prune/.test(type)) Object.assign(body, { parameters: { retention: { keep_last: 1 } }, confirm_removal: true })
      const { id } = await call('POST', '/restic/tasks', { type, agent_id: agent.agentId, ...body })
      const given = (await say(poll)).items
      assert.deepEqual(given.map((one) => [one.action, one.payload.task_id]), [[type, id]], kind)
      const reports = load(version, `${kind}.json`)
      assert.ok(reports.some((one) => one.path.endsWith('/status')) && reports.some((one) => one.path.endsWith('/logs')), kind)
      for (const report of reports) {
        assert.ok(report.status < 300, `${kind} was accepted then`)
        await say(report, { '{task}': id })
        if (kind.endsWith('-cancelled') && report === reports[0]) await call('DELETE', `/restic/tasks/${id}`)
      }
      const wanted = reports.filter((one) => one.path.endsWith('/status')).at(-1).body
      const ended = await call('GET', `/restic/tasks/${id}`)
      // What the host itself has doubts about is a warning, whoever reports it.
      assert.ok(ended.status === wanted.status || (wanted.status === 'success' && ended.status === 'warning'), JSON.stringify(ended))
      assert.ok((await call('GET', `/restic/tasks/${id}/logs`)).items.length > 0, kind)
      if (wanted.result?.snapshot_id) assert.equal((await call('GET', `/restic/backup-runs/${id}`)).snapshot_id, wanted.result.snapshot_id)
    }
  })
