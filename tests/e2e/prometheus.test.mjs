// A real Prometheus scrapes the real host: the rules and the dashboard of deploy/ find what they ask for.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort, System, until } from '../support/system.mjs'

const deployed = (file) => new URL(`../../deploy/${file}`, import.meta.url).pathname
const rules = deployed('prometheus/restic-monitor.rules.yml')
const dashboard = JSON.parse(readFileSync(deployed('grafana/restic-monitor.json'), 'utf8'))
let system
let prometheus
let url

const query = async (expression) => {
  const answer = await (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)).json()
  assert.equal(answer.status, 'success', `${expression}: ${answer.error}`)
  return answer.data.result
}
/** As Grafana fills in what a viewer has chosen: everything. */
const filledIn = (expression) => expression.replaceAll('$tenant', '.*').replaceAll('$target', '.*')

before(async () => {
  const roots = execFileSync('mktemp', ['-d']).toString().trim()
  const restic = (...args) =>
    execFileSync('restic', args, { env: { ...process.env, RESTIC_PASSWORD: 'of the cron job', RESTIC_REPOSITORY: join(roots, 'old'), RESTIC_CACHE_DIR: join(roots, 'cache') }, stdio: 'pipe' })
  mkdirSync(join(roots, 'source'))
  writeFileSync(join(roots, 'source/one.txt'), 'one')
  restic('init')
  restic('backup', join(roots, 'source'), '--host=old-server')
  process.env.AE_DIRECT_LOCAL_ROOTS = roots
  process.env.AE_RESTIC_MONITOR_USER = 'root'
  process.env.AE_RESTIC_MONITOR_CACHE_DIR = join(roots, 'host-cache')
  system = await System.start()
  system.exempt.locks = system.exempt.snapshots = system.exempt.green = 'nobody but a cron job writes there'
  const repository = await system.call('POST', '/restic/repositories', { name: 'old', type: 'local', url: join(roots, 'old'), password: 'of the cron job' })
  const target = await system.call('POST', '/restic/targets', { name: 'old', repository_id: repository.id })
  await until('all kinds of looks', async () => (await system.call('GET', `/restic/targets/${target.id}`)).probes.every((probe) => probe.good_at), 60)

  const folder = join(system.folder, 'prometheus')
  mkdirSync(folder)
  writeFileSync(join(folder, 'token'), system.token)
  chmodSync(join(folder, 'token'), 0o600)
  const configuration = readFileSync(deployed('prometheus/prometheus.yml'), 'utf8')
    .replace('scrape_interval: 60s', 'scrape_interval: 1s\n  evaluation_interval: 1s')
    .replace('restic-monitor.rules.yml', rules)
    .replace('scheme: https', 'scheme: http')
    .replace('/etc/prometheus/restic-monitor.token', join(folder, 'token'))
    .replace('backup.example.com:8080', new URL(system.url).host)
  writeFileSync(join(folder, 'prometheus.yml'), configuration)
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  prometheus = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
  await until('the first scrape', async () => (await query('up{job="restic-monitor"} == 1')).length === 1, 60)
})
after(async () => {
  prometheus?.kill('SIGKILL')
  await system?.stop()
})

test('promtool takes the rules and the configuration', () => {
  execFileSync('promtool', ['check', 'rules', rules], { stdio: 'pipe' })
  execFileSync('promtool', ['check', 'config', join(system.folder, 'prometheus/prometheus.yml')], { stdio: 'pipe' })
})

test('every expression of the dashboard finds something', async () => {
  const expressions = dashboard.panels.flatMap((panel) => panel.targets.map((one) => one.expr))
  assert.ok(expressions.length > 8)
  for (const expression of expressions) assert.ok((await until(expression, async () => (await query(filledIn(expression))).length > 0 && [true], 20))[0], expression)
})

test('restic-exporter\'s names have its labels, and name the target', async () => {
  const [backup] = await query('restic_backup_timestamp')
  assert.equal(backup.metric.client_hostname, 'old-server')
  assert.equal(backup.metric.target, 'old')
  assert.ok(Date.now() / 1000 - Number(backup.value[1]) < 600)
  for (const label of ['client_username', 'snapshot_hash', 'snapshot_paths', 'tenant']) assert.ok(backup.metric[label], label)
  assert.equal((await query('restic_check_success'))[0].value[1], '1')
  assert.equal((await query('restic_snapshots_total'))[0].value[1], '1')
})

test('the rules count what they are for, and say nothing of what is well', async () => {
  await until('the recorded age', async () => (await query('restic:snapshot_age_seconds{target="old"}')).length === 1)
  const alerts = (await (await fetch(`${url}/api/v1/alerts`)).json()).data.alerts.filter((alert) => alert.labels.target === 'old')
  assert.deepEqual(alerts, [])
})
