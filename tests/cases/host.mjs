// What the built host and agent say of themselves.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const run = (program, ...args) =>
  execFileSync(join(process.env.AE_BUILD_DIR, 'bin', program), args, { encoding: 'utf8', env: { ...process.env, AE_CONFIG: '/dev/null', AE_LOG_LEVEL: 'error' }, maxBuffer: 1 << 26 })

/** The host's OpenAPI document. */
export function openapi() {
  const folder = mkdtempSync(join(tmpdir(), 'ae-contract-'))
  try {
    return JSON.parse(run('ae-backend', 'openapi', '--config', '/dev/null', '--data-dir', folder, '--database-url', `sqlite:${join(folder, 'db')}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The host's settings: key -> { type, default }. */
export function hostSettings() {
  const settings = new Map()
  for (const line of run('ae-backend', 'config', 'reference').split('\n')) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    if (/^`[a-z_.]+`$/.test(cells[1] ?? '')) settings.set(cells[1].slice(1, -1), { type: cells[3].split(',')[0], default: cells[4].replaceAll('`', '') })
  }
  return settings
}

/** The keys of the agent's config.yaml: key -> { default }. */
export const agentSettings = () => new Map(JSON.parse(run('restic-agent', 'config', '--json')).items.map((one) => [one.key, { default: one.default }]))
