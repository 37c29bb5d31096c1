// A restore through the agent beside restic alone, and the first sight of a folder in a snapshot of very many files.
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, ended, kPassword } from './backup.mjs'
import { interval, median, report } from './report.mjs'

const kFolders = 'FOLDERS' in process.env ? Number(process.env.FOLDERS) : 1000
const kInEach = 1000

/** What restic alone takes for that, in ms. */
function alone(repository, cache, ...args) {
  const began = performance.now()
  execFileSync('restic', ['-r', repository, '--cache-dir', cache, ...args], { env: { ...process.env, RESTIC_PASSWORD: kPassword, RESTIC_PROGRESS_FPS: '1' }, stdio: 'ignore' })
  return performance.now() - began
}
async function prepared(system, data, source) {
  const repository = join(data, 'repository')
  const cache = join(data, 'cache')
  alone(repository, cache, 'init')
  alone(repository, cache, 'backup', '--host', 'web-01', source)
  const agent = await system.startAgent()
  const { id } = await system.call('POST', '/restic/repositories', { name: 'bench', type: 'local', config: { path: repository }, agent_id: agent, password: kPassword })
  await ended(system, { type: 'snapshots', agent_id: agent, repository_id: id })
  const [snapshot] = (await system.call('GET', `/restic/repositories/${id}/snapshots`)).items
  return { repository, cache, snapshot }
}

/** 1 GiB in 4,000 files comes back, into a new folder each time. */
export async function restore(system) {
  const data = benchFolder(system)
  const pairs = Number(process.env.PAIRS ?? 9)
  try {
    const source = join(data, 'source')
    const block = Buffer.alloc(1 << 18)
    for (let i = 0; i < 4000; ++i) {
      if (i % 100 === 0) mkdirSync(join(source, `d${i / 100}`), { recursive: true })
      writeFileSync(join(source, `d${Math.floor(i / 100)}`, `f${i}`), randomFillSync(block))
    }
    const { repository, cache, snapshot } = await prepared(system, data, source)
    const target = join(data, 'target')
    const raw = () => {
      rmSync(target, { recursive: true, force: true })
      return alone(repository, cache, 'restore', snapshot.snapshot_id, '--target', target)
    }
    const through = () => {
      rmSync(target, { recursive: true, force: true })
      return ended(system, { target }, `/restic/snapshots/${snapshot.id}/restore`)
    }
    const ratios = []
    for (let i = -1; i < pairs; ++i) {
      const took = i % 2 === 0 ? [await through(), raw()] : [raw(), await through()].reverse()
      if (i >= 0) ratios.push(took[0] / took[1])
    }
    const { mean, high } = interval(ratios)
    report(`restore through the agent / raw restic, ${pairs} pairs`, high, 'x (upper end of 95 %)', '<= 1.05', { mean: Number(mean.toFixed(4)) })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

/** A folder of 1,000 in a snapshot of FOLDERS thousand files: seen for the first time, and once more. */
export async function folders(system) {
  const data = benchFolder(system)
  const pairs = Number(process.env.PAIRS ?? 9)
  try {
    const source = join(data, 'source')
    for (let folder = 0; folder < kFolders; ++folder) {
      mkdirSync(join(source, `d${folder}`), { recursive: true })
      for (let i = 0; i < kInEach; ++i) writeFileSync(join(source, `d${folder}`, `f${i}`), '')
    }
    const { repository, cache, snapshot } = await prepared(system, data, source)
    const raw = (folder) => alone(repository, cache, 'ls', '--json', '--no-lock', snapshot.snapshot_id, join(source, `d${folder}`))
    const address = (folder) => `/restic/snapshots/${snapshot.id}/files?limit=100&path=${encodeURIComponent(join(source, `d${folder}`))}`
    const first = async (folder) => {
      const began = performance.now()
      await system.call('POST', `/restic/snapshots/${snapshot.id}/files`, { path: join(source, `d${folder}`) })
      let page
      do {
        await new Promise((resolve) => setTimeout(resolve, 20))
        page = await system.call('GET', address(folder))
      } while (page.state === 'listing')
      if (page.items.length !== 100) throw new Error(JSON.stringify(page))
      return performance.now() - began
    }
    const again = async (folder) => {
      const began = performance.now()
      await system.call('GET', address(folder))
      return performance.now() - began
    }
    const ratios = []
    const repeated = []
    for (let i = -1; i < pairs; ++i) {
      const folder = i + 1
      const [seen, listed] = i % 2 === 0 ? [await first(folder), raw(folder)] : [raw(folder), await first(folder)].reverse()
      const second = await again(folder)
      if (i < 0) continue
      ratios.push(seen / listed)
      repeated.push(second / listed)
    }
    report(`first page of a folder, of ${kFolders * kInEach} files / raw restic ls`, interval(ratios).high, 'x (upper end of 95 %)', '<= 1.2', { mean: Number(interval(ratios).mean.toFixed(4)) })
    report('the second time / raw restic ls', median(repeated), 'x', '<= 0.1')
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}
