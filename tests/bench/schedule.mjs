// What a slot costs, and how late it comes, with few and with many policies.
import { farMaintenance, until } from '../support/system.mjs'
import { fill, openDatabase, words } from './history.mjs'
import { hostPid, withHost } from './host.mjs'
import { cpu, rest } from './process.mjs'
import { median, report } from './report.mjs'
import { postgres } from './yardsticks.mjs'

const kSizes = (process.env.SIZES ?? '1000,10000,100000').split(',').map(Number)
const kDue = 500
const kRounds = 5
const kInOneMinute = 1500

/** Lets `count` policies from the `first` on be due from `at` on, `gap` apart, all in microseconds; gives the lateness of each task in ms. */
async function fire({ db, system }, first, count, at, gap) {
  const { id, numbers } = words(db)
  // A slot of its own for each round: none was ever taken.
  db.run(`UPDATE restic_agent_policy_links SET next_run_at_us = (SELECT ${at} + (s.i - ${first} - 1) * ${gap} FROM ${numbers(first, first + count)} WHERE ${id('2')} = policy_id)
    WHERE policy_id IN (SELECT ${id('2')} FROM ${numbers(first, first + count)})`)
  const pid = hostPid(system)
  const before = cpu(pid).own
  const made = () => Number(db.value(`SELECT count(*) FROM restic_tasks WHERE slot_us >= ${at}`))
  await until(`${count} slots`, async () => made() === count, 120)
  await rest(pid)
  const spent = cpu(pid).own - before
  const late = db.value(`SELECT ${db.dialect === 'sqlite' ? 'group_concat(created_at_us - slot_us)' : "string_agg((created_at_us - slot_us)::text, ',')"} FROM restic_tasks WHERE slot_us >= ${at}`)
  const skipped = Number(db.value('SELECT count(*) FROM restic_agent_policy_links WHERE skip_reason IS NOT NULL'))
  if (skipped) throw new Error(`${skipped} slots were skipped: ${db.value('SELECT min(skip_reason) FROM restic_agent_policy_links')}`)
  db.run("UPDATE restic_tasks SET status = 'success' WHERE status IN ('created', 'queued')")
  return { spent, late: late.split(',').map((us) => us / 1000).sort((a, b) => a - b) }
}
const soon = (seconds) => Math.ceil(Date.now() / 1000 + seconds) * 1_000_000

async function measure(dialect, size) {
  const cluster = dialect === 'postgresql' ? postgres() : undefined
  try {
    let result
    await withHost(cluster ? { AE_DATABASE_URL: cluster.url } : {}, async (system) => {
      const repository = await system.call('POST', '/restic/repositories', { name: 'one', type: 'rest', url: 'rest:https://backup.example.com/one/', password: 'bench', maintenance: farMaintenance() })
      const db = openDatabase(system, cluster)
      try {
        const tenant = db.value("SELECT id FROM tenants WHERE name = 'default'")
        fill(db, tenant, repository.id, { things: size, events: 1 })
        await rest(hostPid(system))
        const spent = []
        for (let i = -1; i < kRounds; ++i) {
          const round = await fire({ db, system }, 0, kDue, soon(3), 0)
          if (i >= 0) spent.push(round.spent)
        }
        result = { spent: median(spent) }
        if (size >= kInOneMinute) {
          result.spread = (await fire({ db, system }, 0, kInOneMinute, soon(5), 40_000)).late
          result.atOnce = (await fire({ db, system }, 0, kInOneMinute, soon(5), 0)).late
        }
      } catch (error) {
        console.error(system.logs())
        throw error
      } finally {
        db.close()
      }
    })
    return result
  } finally {
    cluster?.stop()
  }
}

export async function schedule() {
  for (const dialect of ['sqlite', 'postgresql']) {
    const results = {}
    for (const size of kSizes) results[size] = await measure(dialect, size)
    const [small, large] = [results[kSizes[0]], results[kSizes.at(-1)]]
    report(`${dialect}: CPU of ${kDue} slots, of ${kSizes.at(-1)} policies / of ${kSizes[0]}`, large.spent / small.spent, 'x', '<= 1.3', { seconds: kSizes.map((size) => results[size].spent) })
    const p99 = (late) => late[Math.floor(late.length * 0.99)]
    for (const size of kSizes.slice(1)) {
      const { spread, atOnce } = results[size]
      report(`${dialect}: lateness of ${kInOneMinute} slots spread over a minute, of ${size} policies, p99`, p99(spread), 'ms', '<= 250', { median: median(spread), most: spread.at(-1) })
      report(`${dialect}: lateness of ${kInOneMinute} slots of the same second, of ${size} policies, p99`, p99(atOnce), 'ms', '<= 60000', { median: median(atOnce), most: atOnce.at(-1) }) // before the next minute's
    }
  }
}
