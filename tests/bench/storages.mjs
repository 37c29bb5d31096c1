// Backups to real servers of the loopback, and the test of a repository there, through the agent beside restic alone.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort, until } from '../support/system.mjs'
import { benchFolder, ended, kPassword } from './backup.mjs'
import { makeCertificate } from './host.mjs'
import { median, report } from './report.mjs'

const kPairs = Number(process.env.PAIRS ?? 15)
const kFiles = 2000
const kSize = 256 * 1024
const kBucket = 'of-the-bench'
const kKey = { ACCESS_KEY_ID: 'KEYOFTHEBENCH', SECRET_ACCESS_KEY: 'secret of the bench' }

/** The servers: how one is started, and what names a repository on it for restic and for the API. */
const kStorages = {
  rest: {
    command: ({ port, tls, data }) => ['rclone', ['serve', 'restic', '--addr', `localhost:${port}`, '--cert', tls.certificate, '--key', tls.key, data]],
    config: ({ port }, name) => ({ url: `https://localhost:${port}/${name}/` }),
    environment: ({ port }, name) => ({ RESTIC_REPOSITORY: `rest:https://localhost:${port}/${name}/` }),
  },
  s3: {
    command: ({ port, tls, data }) => ['node', ['tests/support/s3_server.mjs', data, String(port), tls.key, tls.certificate, kBucket]],
    config: ({ port }, name) => ({ endpoint: `https://localhost:${port}`, bucket: kBucket, path: name, access_key_id: kKey.ACCESS_KEY_ID, secret_access_key: kKey.SECRET_ACCESS_KEY }),
    environment: ({ port }, name) => ({ RESTIC_REPOSITORY: `s3:https://localhost:${port}/${kBucket}/${name}`, AWS_ACCESS_KEY_ID: kKey.ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: kKey.SECRET_ACCESS_KEY }),
  },
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, 'localhost', () => resolve(socket.end() !== undefined)).on('error', () => resolve(false))
  })

/** Other bytes in each file: all of them have to be uploaded. */
function fill(source) {
  mkdirSync(source, { recursive: true })
  for (let i = 0; i < kFiles; ++i) writeFileSync(join(source, `f${i}`), randomBytes(kSize))
}

/** The times of `kPairs` pairs; who goes first alternates, and the first pair warms up. */
async function pairs(prepare, through, alone) {
  const times = { took: [], raw: [] }
  for (let i = -1; i < kPairs; ++i) {
    prepare()
    const pair = i % 2 === 0 ? { took: await through(), raw: alone() } : { raw: alone(), took: await through() }
    if (i < 0) continue
    times.took.push(pair.took)
    times.raw.push(pair.raw)
  }
  return times
}

async function measure(system, agent, kind, folder) {
  const storage = kStorages[kind]
  const place = { port: await freePort(), tls: makeCertificate(folder, kind), data: join(folder, kind) }
  mkdirSync(place.data)
  const [program, args] = storage.command(place)
  const server = spawn(program, args, { env: { ...process.env, ...kKey, HOME: folder }, stdio: 'ignore' })
  try {
    await until(program, () => answers(place.port))
    const cache = join(folder, `${kind}-cache`)
    const restic = (name, ...words) => {
      const env = { ...process.env, ...storage.environment(place, name), RESTIC_PASSWORD: kPassword, RESTIC_PROGRESS_FPS: '1' }
      const began = performance.now()
      execFileSync('restic', ['--cacert', place.tls.certificate, '--cache-dir', cache, ...words], { env, stdio: 'ignore' })
      return performance.now() - began
    }
    for (const name of ['raw', 'managed']) restic(name, 'init')
    const { id } = await system.call('POST', '/restic/repositories', { name: kind, type: kind, config: storage.config(place, 'managed'), cert_file: place.tls.certificate, password: kPassword })
    const source = join(folder, 'source')
    const backups = await pairs(
      () => {
        // Only the last pair's data stay: all of it would not fit into memory.
        for (const name of ['raw', 'managed']) restic(name, 'forget', '--keep-last=1', '--prune')
        fill(source)
      },
      () => ended(system, { type: 'backup', agent_id: agent, repository_id: id, parameters: { sources: [source] } }),
      () => restic('raw', 'backup', '--json', '--', source)
    )
    const [took, raw] = [median(backups.took), median(backups.raw)]
    report(`backup to ${kind} through the agent / raw restic, median of ${kPairs} pairs`, median(backups.took.map((one, i) => one / backups.raw[i])), 'x', '<= 1.02', { took_ms: took, raw_ms: raw })
    const tests = await pairs(
      () => {},
      () => ended(system, { agent_id: agent }, `/restic/repositories/${id}/test`),
      () => restic('raw', 'cat', 'config', '--no-lock')
    )
    report(`test of a repository on ${kind}, longer than raw restic by`, median(tests.took.map((one, i) => one - tests.raw[i])), 'ms', '<= 100', { raw_ms: median(tests.raw) })
  } finally {
    server.kill()
  }
}

export async function storages(system) {
  const folder = benchFolder(system)
  try {
    const agent = await system.startAgent()
    for (const kind of Object.keys(kStorages)) await measure(system, agent, kind, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
