// The built host on a data folder that is given, for scripts and tests of what was kept.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort, until } from '../support/system.mjs'

export const build = resolve(process.env.AE_BUILD_DIR ?? 'build')
const source = resolve(import.meta.dirname, '../..')

/** Nothing that a host keeps may end with the years: histories are kept for ever. */
const FOR_EVER = {
  AE_AUDIT_KEEP: '0s', AE_RESTIC_HISTORY_KEEP_TASKS: '0s', AE_RESTIC_HISTORY_KEEP_RUNS: '0s', AE_RESTIC_HISTORY_KEEP_LOGS: '0s',
}

export class Host {
  constructor(folder, database) {
    this.folder = folder
    this.environment = { PATH: process.env.PATH, HOME: '/tmp', LC_ALL: 'C.UTF-8', AE_LOG_LEVEL: 'warn', AE_CONFIG: '/dev/null', ...FOR_EVER }
    this.options = ['--data-dir', folder, ...(database ? ['--database-url', database] : [])]
  }

  command(...args) {
    return execFileSync(join(build, 'bin/ae-backend'), [...args, ...this.options, '--json'], { encoding: 'utf8', env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  async start() {
    this.url = `http://127.0.0.1:${await freePort()}`
    const log = openSync(`${this.folder}.log`, 'a')
    this.process = spawn(join(build, 'bin/ae-backend'), ['serve', ...this.options, '--http-addr', new URL(this.url).host], { stdio: ['ignore', log, log], env: this.environment })
    this.ended = new Promise((end) => this.process.once('exit', end))
    await until(`the host: ${this.folder}.log`, async () => (await fetch(`${this.url}/health/ready`)).ok)
  }

  async stop() {
    this.process?.kill('SIGTERM')
    await this.ended
  }

  log() {
    return readFileSync(`${this.folder}.log`, 'utf8')
  }

  /** An answer's body; throws where it is no success. */
  async call(token, method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), 'Content-Type': 'application/json' },
      body: body === undefined ? (method === 'GET' ? undefined : '') : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** Every item of a list, whatever its pages. */
  async list(token, path) {
    const items = []
    for (let after = ''; ; ) {
      const page = await this.call(token, 'GET', path + after)
      if (Array.isArray(page)) return page
      items.push(...page.items)
      if (!page.next) return items
      after = `?after=${encodeURIComponent(page.next)}`
    }
  }
}

/** A PostgreSQL of its own in a folder. */
export class Cluster {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'ae-kept-pg-'))
    this.script('start')
  }
  script(action) {
    execFileSync(join(source, 'tests/support/postgres.sh'), [action, this.folder], { stdio: 'ignore' })
  }
  url(name, role = 'ae_host') {
    return `postgresql://${role}@/${name}?host=${this.folder}`
  }
  psql(name, args, input) {
    return execFileSync('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', '-h', this.folder, '-U', 'postgres', '-d', name, ...args], { encoding: 'utf8', input, maxBuffer: 1 << 28 })
  }
  create(name) {
    this.psql('postgres', ['-c', `CREATE DATABASE ${name} OWNER ae_host`])
    return this.url(name)
  }
  dump(name) {
    return execFileSync('pg_dump', ['-h', this.folder, '-U', 'postgres', '-d', name], { encoding: 'utf8', maxBuffer: 1 << 28 })
  }
  stop() {
    this.script('stop')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The lists of one tenant, each with whether its items have an address of their own. */
export const LISTS = {
  '/api/v1/users': true, '/api/v1/tokens': true, '/api/v1/invitations': false, '/api/v1/audit': false,
  '/api/v1/restic/agents': true, '/api/v1/restic/agents/registration-tokens': false, '/api/v1/restic/policies': true,
  '/api/v1/restic/repositories': true, '/api/v1/restic/tasks': true, '/api/v1/restic/backup-runs': true,
  '/api/v1/restic/snapshots': true, '/api/v1/restic/status': false,
}
