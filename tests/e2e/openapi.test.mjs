// The document that the host makes of its API pleases two linters that its readers use.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const web = fileURLToPath(new URL('../../web/', import.meta.url))
let folder
let file

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ae-openapi-'))
  file = join(folder, 'openapi.json')
  const options = ['--config', '/dev/null', '--data-dir', folder, '--database-url', `sqlite:${join(folder, 'db')}`]
  writeFileSync(file, execFileSync(join(process.env.AE_BUILD_DIR, 'bin', 'ae-backend'), ['openapi', ...options], { env: { ...process.env, AE_LOG_LEVEL: 'error' }, maxBuffer: 1 << 26 }))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a linter of node_modules; its findings are all that it may print. */
function lint(program, ...args) {
  const ran = spawnSync(process.execPath, [join(web, 'node_modules', ...program), ...args], {
    cwd: web,
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  })
  return ran
}

test('redocly finds nothing', () => {
  const ran = lint(['@redocly', 'cli', 'bin', 'cli.js'], 'lint', file, '--config', 'redocly.yaml', '--format', 'json')
  assert.equal(ran.error, undefined)
  const report = JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{')))
  assert.deepEqual(report.problems.map((one) => `${one.severity} ${one.ruleId}: ${one.message} ${one.location?.[0]?.pointer ?? ''}`), [])
})

test('spectral finds nothing', () => {
  const ran = lint(['@stoplight', 'spectral-cli', 'dist', 'index.js'], 'lint', file, '--ruleset', '.spectral.yaml', '--format', 'json', '--quiet')
  assert.equal(ran.error, undefined)
  const report = JSON.parse(ran.stdout.slice(ran.stdout.indexOf('[')))
  assert.deepEqual(report.map((one) => `${one.code}: ${one.message} ${one.path?.join('/')}`), [])
})
