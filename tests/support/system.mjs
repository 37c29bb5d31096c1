// Starts a host and an agent of the build in a folder of their own, for one test.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { differences, secretsInFiles, secretsOf } from './proofs.mjs'

const bin = join(process.env.AE_BUILD_DIR ?? 'build', 'bin')

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

export async function until(what, probe, seconds = 30) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await probe().catch(() => undefined)
    if (value) return value
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A schedule that no test lives to see: one that came due by the real clock would meet what a test expects. */
export function farSchedule() {
  const date = new Date(Date.now() + 180 * 86400000)
  return `0 2 ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`
}
/** The same for everything that a repository has a schedule for. */
export function farMaintenance() {
  return Object.fromEntries(['forget', 'prune', 'check', 'stats', 'verify'].map((operation) => [`${operation}_schedule`, farSchedule()]))
}

export class System {
  static async start() {
    const system = new System()
    system.folder = mkdtempSync(join(tmpdir(), 'ae-e2e-'))
    system.url = `http://127.0.0.1:${await freePort()}`
    system.options = ['--config', '/dev/null', '--data-dir', join(system.folder, 'host')]
    system.children = []
    system.secrets = new Set()
    system.repositories = new Map() // on a disk: id -> { folder, password }
    system.exempt = {} // what the end cannot prove: { snapshots, locks, green } with a reason each
    await system.restartHost()
    const admin = JSON.parse(readFileSync(join(system.folder, 'host/initial-admin.json'), 'utf8'))
    Object.assign(system, admin)
    const token = execFileSync(join(bin, 'ae-backend'), ['token', 'create', ...system.options, '--name', 'test', '--role', 'admin', '--json'])
    system.token = JSON.parse(token).token
    // Not the first password: the host says it at its first start, into what is its log here.
    secretsOf({ token: system.token }, system.secrets)
    return system
  }

  async restartHost() {
    this.spawn('ae-backend', ['serve', ...this.options, '--http-addr', new URL(this.url).host], {})
    await until('the host', async () => (await fetch(`${this.url}/health/ready`)).ok)
  }

  /** SIGKILL, and gone. */
  async kill(program) {
    const child = this.children.findLast((one) => one.spawnfile.endsWith(program))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  spawn(program, args, environment) {
    const log = openSync(join(this.folder, `${program}.log`), 'a')
    const child = spawn(join(bin, program), args, { stdio: ['ignore', log, log], env: { ...process.env, ...environment } })
    this.children.push(child)
    return child
  }

  async call(method, path, body) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
      body: body === undefined ? (method === 'GET' ? undefined : '') : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    const answer = response.status === 204 ? undefined : await response.json()
    secretsOf(body, this.secrets)
    if (method !== 'GET') secretsOf(answer, this.secrets)
    const folder = body?.config?.path ?? body?.url
    if (/^\/restic\/repositories(\/[^/]+)?$/.test(path) && body?.type === 'local' && folder) this.repositories.set(answer.id, { folder, password: body.password ?? this.repositories.get(answer.id)?.password })
    return answer
  }

  /** What this test's end shows that must not be. Throws with all of it. */
  async prove() {
    const complaints = []
    const real = new Set()
    for (const [id, repository] of this.repositories) {
      const told = (await this.call('GET', `/restic/repositories/${id}/snapshots?limit=500`)).items.map((one) => one.snapshot_id)
      complaints.push(...differences(repository, told, this.exempt))
      for (const one of told) real.add(one)
    }
    if (this.repositories.size > 0 && !this.exempt.green)
      for (const target of await this.call('GET', '/restic/status')) if (target.status === 'healthy' && !real.has(target.latest_snapshot_id)) complaints.push(`${target.name} is green without a snapshot that restic has`)
    const files = ['host', 'agent', 'ae-backend.log', 'restic-agent.log'].map((name) => join(this.folder, name))
    complaints.push(...secretsInFiles(this.secrets, files))
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }

  startAgent(environment = {}) {
    return this.startAgentWithState('online', environment)
  }

  /** Enrols and starts an agent, and waits until the host sees it in that state. */
  async startAgentWithState(status, environment) {
    const state = join(this.folder, 'agent')
    const { token } = await this.call('POST', '/restic/agents/registration-tokens', {})
    execFileSync(join(bin, 'restic-agent'), ['enroll', '--server', this.url, '--token', '-', '--hostname', 'web-01', '--state-dir', state], { input: `${token}\n` })
    this.spawn('restic-agent', ['run', '--state-dir', state], environment)
    const agent = await until('the agent', async () => (await this.call('GET', '/restic/agents')).items.find((a) => a.hostname === 'web-01' && a.status === status))
    return agent.id
  }

  /** Files of random bytes: nothing that compression or deduplication could shorten. */
  makeFiles(count, size) {
    const source = join(this.folder, 'source')
    mkdirSync(source)
    for (let i = 0; i < count; ++i) writeFileSync(join(source, `file-${String(i).padStart(4, '0')}.bin`), randomBytes(size))
    return source
  }

  logs() {
    return ['ae-backend.log', 'restic-agent.log']
      .map((name) => {
        try {
          return `--- ${name}\n${readFileSync(join(this.folder, name), 'utf8').split('\n').slice(-15).join('\n')}`
        } catch {
          return `--- ${name}: none`
        }
      })
      .join('\n')
  }

  /** Ends everything, after the proofs that belong to each test's end. */
  async stop() {
    try {
      await this.prove()
    } finally {
      await this.end()
    }
  }

  async end() {
    for (const child of this.children.reverse()) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await ended
      }
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
