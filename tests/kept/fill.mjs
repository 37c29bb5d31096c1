// Fills a host with a little of everything, awkwardly named, by its API and a real agent with a real restic.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, cpSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../support/system.mjs'
import { build } from './host.mjs'

const AWKWARD = 'Köln "A" \\ \'b\' <i>&amp; 漢字 %_ 100%'
export const PASSWORD = 'kept test password of everybody'

/** Every kind of repository with secrets, as somebody would type them; the values are for tests alone. */
export const REPOSITORIES = {
  sftp: { host: 'sftp.example.org', port: 2222, user: 'restic', path: '/srv/Köln', key: '-----BEGIN KEPT TEST PRIVATE KEY-----\nabc\n-----END KEPT TEST PRIVATE KEY-----\n' },
  s3: { bucket: 'kept', region: 'eu-central-1', access_key_id: 'KEPT-TEST-ID', secret_access_key: 'kept "test" secret of s3', session_token: 'kept-test-session' },
  rest: { url: 'https://rest.example.org/kept/', username: 'kept', password: 'kept-test-rest ü' },
  azure: { account_name: 'kept', container: 'kept', account_key: 'a2VwdC10ZXN0LWF6dXJl' },
  gcs: { bucket: 'kept', project_id: 'kept', credentials: '{"type":"service_account","private_key":"kept test key"}' },
  b2: { bucket: 'kept', account_id: 'kept', account_key: 'kept-test-b2-key' },
  swift: { container: 'kept', auth_url: 'https://swift.example.org/v3', username: 'kept', password: 'kept-test-swift', project_name: 'kept' },
  rclone: { remote: 'kept', path: 'a/b' },
}
const SECRET = /^(key|secret_access_key|session_token|password|account_key|credentials)$/

/** In the order in which a tenant runs them; after them one that fails and one that is cancelled. */
export const KINDS = ['init', 'backup', 'check', 'snapshots', 'stats', 'forget', 'prune', 'unlock', 'locks']

/** Starts the real agent against an address; returns what ends it. */
export async function startAgent(folder, url, registration, hostname) {
  const environment = { ...process.env, RESTIC_AGENT_PLUGIN_PATH: join(build, 'tests/agent_plugins') }
  const state = join(folder, 'agent')
  const bin = join(build, 'bin/restic-agent')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'agent.yaml'), 'agent:\n  heartbeat_interval: 500ms\n  retry_backoff: 100ms\n')
  const options = ['--state-dir', state, '--config', join(folder, 'agent.yaml')]
  const log = openSync(join(folder, 'agent.log'), 'a')
  // Not synchronously: what it speaks to may be of this process.
  const enrol = spawn(bin, ['enroll', '--server', url, '--token', '-', '--hostname', hostname, ...options], { stdio: ['pipe', log, log], env: environment })
  enrol.stdin.end(`${registration}\n`)
  const code = await new Promise((end) => enrol.once('exit', end))
  if (code !== 0) throw new Error(`enrolling ends with ${code}: ${readFileSync(join(folder, 'agent.log'), 'utf8')}`)
  const agent = spawn(bin, ['run', ...options], { stdio: ['ignore', log, log], env: environment })
  const ended = new Promise((end) => agent.once('exit', end))
  return async () => {
    agent.kill('SIGTERM')
    await ended
  }
}

/** One tenant. `address` is where its agent reaches the host. Returns what a reader must find again. */
export async function fillTenant(host, token, folder, name, address) {
  const call = (method, path, body) => host.call(token, method, path, body)
  const restic = '/api/v1/restic'
  mkdirSync(join(folder, 'source'), { recursive: true })
  writeFileSync(join(folder, 'source/one.txt'), 'one')
  writeFileSync(join(folder, 'source/Köln "2".txt'), 'two')

  const invited = await call('POST', '/api/v1/users', { email: `person@${name}.example`, role: 'operator' })
  await host.call('', 'POST', '/api/v1/auth/invitations/accept', { token: invited.invitation.token, password: PASSWORD })
  await host.call('', 'POST', '/api/v1/auth/login', { email: `person@${name}.example`, password: PASSWORD })
  await call('POST', '/api/v1/users', { email: `open@${name}.example`, role: 'viewer' })
  await call('POST', '/api/v1/tokens', { name: AWKWARD, role: 'viewer' })
  await call('POST', `${restic}/agents/registration-tokens`, {})

  const registration = await call('POST', `${restic}/agents/registration-tokens`, {})
  const stopAgent = await startAgent(join(folder, 'agent'), address, registration.token, `web-${name}`)
  const secrets = {}
  try {
    const agent = await until('the agent', async () => (await host.list(token, `${restic}/agents`)).find((one) => one.status === 'online'))
    const local = await call('POST', `${restic}/repositories`, {
      name: AWKWARD, type: 'local', config: { path: join(folder, 'repository') }, agent_id: agent.id, password: `${PASSWORD} of local`,
    })
    secrets[local.id] = { password: `${PASSWORD} of local` }
    for (const [kind, config] of Object.entries(REPOSITORIES)) {
      const made = await call('POST', `${restic}/repositories`, { name: `${kind} ü`, type: kind, config, password: `${PASSWORD} of ${kind}` })
      secrets[made.id] = { password: `${PASSWORD} of ${kind}`, config: Object.fromEntries(Object.entries(config).filter(([field]) => SECRET.test(field))) }
    }
    const policy = await call('POST', `${restic}/policies`, {
      name: AWKWARD, schedule: '0 2 29 2 *', timezone: 'Europe/Berlin', include_paths: [join(folder, 'source')], exclude_paths: ['*.tmp', 'a b/**'],
      tags: ['nächtlich'], repository_id: local.id, retention_rules: { keep_last: 2, keep_daily: 7 },
    })
    await call('PUT', `${restic}/agents/${agent.id}/policies/${policy.id}`)
    const ended = async (id) => until('the task', async () => /success|warning|failed|cancelled/.test((await call('GET', `${restic}/tasks/${id}`)).status), 60)
    const run = async (body) => {
      const { id } = await call('POST', `${restic}/tasks`, { agent_id: agent.id, ...body })
      await ended(id)
      return call('GET', `${restic}/tasks/${id}`)
    }
    for (const type of KINDS) {
      const of = type === 'backup' ? { policy_id: policy.id } : { repository_id: local.id }
      const parameters = /forget|prune/.test(type) ? { parameters: { retention: { keep_last: 1 }, all_hosts: true }, confirm_removal: true } : {}
      for (let times = type === 'backup' ? 3 : 1; times > 0; --times) {
        writeFileSync(join(folder, 'source/changing'), `${type} ${times}`)
        const task = await run({ type, ...of, ...parameters })
        if (task.status !== 'success') throw new Error(`${type}: ${JSON.stringify(task)}`)
      }
    }
    const failed = await run({ type: 'backup', repository_id: local.id, parameters: { sources: [join(folder, 'gone ü')] } })
    if (failed.status !== 'failed') throw new Error(JSON.stringify(failed))
    // One that is ended while it runs.
    writeFileSync(join(folder, 'source/large'), randomBytes(4_000_000))
    const { id } = await call('POST', `${restic}/tasks`, { type: 'backup', agent_id: agent.id, policy_id: policy.id, parameters: { limit_upload_kib: 200 } })
    await until('a backup at work', async () => (await call('GET', `${restic}/tasks/${id}`)).status === 'running')
    await call('DELETE', `${restic}/tasks/${id}`)
    await ended(id)
    // And one that is damaged: its packs are longer than the index says, and a check has seen it.
    const damaged = await call('POST', `${restic}/repositories`, {
      name: 'damaged ü', type: 'local', config: { path: join(folder, 'damaged') }, agent_id: agent.id, password: `${PASSWORD} of damaged`,
    })
    secrets[damaged.id] = { password: `${PASSWORD} of damaged` }
    const of = { repository_id: damaged.id }
    const made = await run({ type: 'backup', ...of, parameters: { sources: [join(folder, 'source/one.txt')] } })
    if (made.status !== 'success') throw new Error(JSON.stringify(made))
    const data = join(folder, 'damaged/data')
    for (const file of readdirSync(data, { recursive: true, withFileTypes: true })) if (file.isFile()) appendFileSync(join(file.parentPath ?? file.path, file.name), 'damage')
    const checked = await run({ type: 'check', ...of })
    if (checked.status !== 'failed') throw new Error(JSON.stringify(checked))
    await fillFindings({ host, call, token, folder, agent, local, ended })
  } finally {
    await stopAgent()
  }
  // One that waits, one that was cancelled while it did, by nobody's agent.
  const second = await call('POST', `${restic}/agents/registration-tokens`, {})
  const silent = await host.call(second.token, 'POST', `${restic}/agents/register`, { hostname: `silent-${name}`, os: 'linux', arch: 'arm64', version: '0.0.1' })
  const [s3] = Object.keys(secrets).slice(2)
  for (const cancelled of [true, false]) {
    const { id } = await call('POST', `${restic}/tasks`, { type: 'check', agent_id: silent.agentId, repository_id: s3 })
    if (cancelled) await call('DELETE', `${restic}/tasks/${id}`)
  }
  // One that is due each minute, by an agent that never comes.
  const due = { name: 'never ü', include_paths: ['/srv'], repository_id: s3 }
  const never = await call('POST', `${restic}/policies`, { ...due, schedule: '* * * * *' })
  await call('PUT', `${restic}/agents/${silent.agentId}/policies/${never.id}`)
  await until('a slot without a backup', async () => (await call('GET', `${restic}/policies/${never.id}/skipped-slots`)).items.length > 0, 190)
  await call('PUT', `${restic}/policies/${never.id}`, { ...due, schedule: '0 2 29 2 *' })
  return { secrets }
}

/** What came after the first tasks: looks into a snapshot, restore tests, dumps, defaults, slots without a backup, what is watched directly, compliance. */
async function fillFindings({ host, call, token, folder, agent, local, ended }) {
  const restic = '/api/v1/restic'
  const good = async (made) => {
    await ended(made.id)
    const task = await call('GET', `${restic}/tasks/${made.id}`)
    if (!/success|warning/.test(task.status)) throw new Error(JSON.stringify(task))
  }
  await call('PUT', `${restic}/policy-defaults`, { priority: 4, confirm_removal: true })
  const [snapshot] = await host.list(token, `${restic}/repositories/${local.id}/snapshots`)
  await good(await call('POST', `${restic}/snapshots/${snapshot.id}/files`, { path: '/' }))
  await good(await call('POST', `${restic}/snapshots/${snapshot.id}/verify`, { share_percent: 100 }))
  await good(await call('PUT', `${restic}/agents/${agent.id}/plugins/trouble`, { enabled: true, settings: { password: `${PASSWORD} of the plugin` } }))
  await until('the plugin', async () => (await call('GET', `${restic}/agents/${agent.id}/plugins`)).items.some((one) => one.name === 'trouble' && one.enabled))
  const dumps = await call('POST', `${restic}/policies`, { name: 'dumps ü', schedule: '0 2 29 2 *', plugins: [{ name: 'trouble' }], repository_id: local.id })
  await call('PUT', `${restic}/agents/${agent.id}/policies/${dumps.id}`)
  await good(await call('POST', `${restic}/tasks`, { type: 'backup', agent_id: agent.id, policy_id: dumps.id }))
  const broken = await call('POST', `${restic}/policies`, { name: 'broken ü', schedule: '0 2 29 2 *', include_paths: [join(folder, 'gone ü')], repository_id: local.id })
  await call('PUT', `${restic}/agents/${agent.id}/policies/${broken.id}`)
  await ended((await call('POST', `${restic}/tasks`, { type: 'backup', agent_id: agent.id, policy_id: broken.id })).id)
  cpSync(join(folder, 'repository'), join(folder, 'watched'), { recursive: true })
  const seen = await call('POST', `${restic}/repositories`, { name: 'watched ü', type: 'local', config: { path: join(folder, 'watched') }, password: `${PASSWORD} of local` })
  await call('POST', `${restic}/targets`, { name: 'watched ü', repository_id: seen.id, mode: 'direct' })
  await until('a look', async () => (await call('GET', `${restic}/status/${encodeURIComponent('watched ü')}`)).checked_at, 60)
  await until('violations', async () => (await call('GET', `${restic}/compliance`)).items.some((one) => one.violations.length > 0), 60)
  await until('days', async () => (await call('GET', `${restic}/compliance/days?days=30`)).items.length > 0, 60)
}
