// check, forget and prune through the agent beside restic alone, each on a copy of one repository.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, ended, kPassword } from './backup.mjs'
import { median, report } from './report.mjs'

const kSnapshots = 60
const kFiles = 400
const kPairs = Number(process.env.PAIRS ?? 11)

/** A repository of many snapshots, each with files of its own and most of those before: what a forget leaves is worth pruning. */
function makeRepository(folder, cache) {
  const repository = join(folder, 'made')
  const source = join(folder, 'source')
  mkdirSync(source)
  const restic = (...args) => execFileSync('restic', ['-r', repository, '--cache-dir', cache, ...args], { env: environment(), stdio: 'ignore' })
  restic('init')
  let seed = createHash('sha512').update('maintenance').digest()
  const block = Buffer.alloc(65536)
  const write = (name) => {
    for (let at = 0; at < block.length; at += 64) {
      seed = at % 4096 === 0 ? createHash('sha512').update(seed).digest() : seed
      seed.copy(block, at)
      block.writeUInt32LE(at, at)
    }
    writeFileSync(join(source, name), block)
  }
  for (let i = 0; i < kFiles; ++i) write(`f${i}`)
  for (let day = 0; day < kSnapshots; ++day) {
    for (let i = 0; i < kFiles / 10; ++i) write(`f${(day * 37 + i) % kFiles}`)
    const time = new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 19).replace('T', ' ')
    restic('backup', '--host', 'bench', '--time', time, source)
  }
  return repository
}

const environment = () => ({ ...process.env, RESTIC_PASSWORD: kPassword, RESTIC_PROGRESS_FPS: '1' })

/** What is compared: the task, and restic's own words for the same. */
const kKinds = {
  check: { parameters: {}, args: ['check'] },
  forget: { parameters: { retention: { keep_last: 7 }, all_hosts: true }, args: ['forget', '--keep-last', '7', '--group-by', 'host,paths'] },
  prune: { parameters: {}, args: ['prune'], before: ['forget', '--keep-last', '7', '--group-by', 'host,paths'] },
}

export async function maintenance(system) {
  const folder = benchFolder(system)
  try {
    const agent = await system.startAgent()
    const cache = join(system.folder, 'raw-cache')
    const made = makeRepository(folder, cache)
    for (const [kind, { parameters, args, before }] of Object.entries(kKinds)) {
      const rounds = []
      for (let i = -1; i < kPairs; ++i) {
        const [raw, managed] = ['raw', 'managed'].map((name) => join(folder, `${kind}-${i}-${name}`))
        for (const copy of [raw, managed]) {
          cpSync(made, copy, { recursive: true })
          if (before) execFileSync('restic', ['-r', copy, '--cache-dir', cache, ...before], { env: environment(), stdio: 'ignore' })
        }
        const repository = await system.call('POST', '/restic/repositories', { name: `${kind} ${i}`, type: 'local', config: { path: managed }, agent_id: agent, password: kPassword })
        const alone = () => {
          execFileSync('sync')
          const began = performance.now()
          execFileSync('restic', ['-r', raw, '--cache-dir', cache, '--json', ...args], { env: environment(), stdio: 'ignore' })
          return performance.now() - began
        }
        const through = async () => {
          execFileSync('sync')
          return ended(system, { type: kind, agent_id: agent, repository_id: repository.id, parameters })
        }
        // Who goes first alternates.
        const round = i % 2 === 0 ? { took: await through(), raw: alone() } : { raw: alone(), took: await through() }
        if (i >= 0) rounds.push(round) // the first one warms up
        for (const copy of [raw, managed]) rmSync(copy, { recursive: true, force: true })
      }
      const took = median(rounds.map((round) => round.took))
      const raw = median(rounds.map((round) => round.raw))
      report(`${kind} through the agent / 1.03 of raw restic and 50 ms`, took / (1.03 * raw + 50), 'x', '<= 1', { took_ms: took, raw_ms: raw })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
