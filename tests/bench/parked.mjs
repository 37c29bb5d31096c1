// B5: what a waiting agent costs.
import { setTimeout as sleep } from 'node:timers/promises'
import { enrol, hostPid, makeCertificate, restartWithTls, withHost } from './host.mjs'
import { Clients, load } from './load.mjs'
import { kernelStacks, memory, rest, threads } from './process.mjs'
import { median, report } from './report.mjs'
import { nginx, poco } from './yardsticks.mjs'

const kWait = 60 // seconds that an agent waits at most; each number of them is measured in less
const use = (pids) => pids.reduce((sum, pid) => sum + memory(pid), 0)
/** Parks them all; leave() says whether they stayed. */
async function park(pid, port, polls, tls) {
  const clients = new Clients('ask', port, polls.length, polls, tls)
  await clients.when('sent')
  await rest(pid)
  return clients
}

/** B5: plainly, beside idle connections of nginx. */
export async function parked() {
  const light = await nginx()
  try {
    await withHost({}, (system) => parkedAt(system, light))
  } finally {
    await light.stop()
  }
}

async function parkedAt(system, light) {
  const polls = await enrol(system, 15000, kWait)
  const pid = hostPid(system)
  const path = `${system.url}/api/v1/auth/me`
  const port = new URL(system.url).port
  load(path, system.token)
  const idle = [0, 1, 2].map(() => load(path, system.token))
  const before = { memory: memory(pid), threads: threads(pid), stacks: kernelStacks(), nginx: use(light.pids()) }
  for (const count of [10000, 15000]) {
    const clients = await park(pid, port, polls.slice(0, count))
    const each = (memory(pid) - before.memory) / count
    const added = threads(pid) - before.threads
    const stacks = (kernelStacks() - before.stacks) / count
    const busy = [0, 1, 2].map(() => load(path, system.token))
    const { answered, ended } = await clients.leave()
    if (answered > 0 || Object.keys(ended).length > 0) throw new Error(`polls did not stay: ${answered} answered, ${JSON.stringify(ended)}`)
    report(`user memory of a parked long poll (${count})`, each, 'bytes', '<= 4096')
    report(`threads added by ${count} parked long polls`, added, '', '0')
    report(`kernel stack of a parked long poll (${count})`, stacks, 'bytes', '<= 16') // the machine's: another program may begin a thread
    report(`authenticated GET with ${count} parked / idle`, median(busy.map((run) => run.rate)) / median(idle.map((run) => run.rate)), 'x', '>= 0.8', {
      p99_idle_ms: median(idle.map((run) => run.p99)),
      p99_parked_ms: median(busy.map((run) => run.p99)),
    })
  }
  const others = new Clients('ask', light.port, 10000, ['/'])
  await others.when('answered')
  report('user memory of an idle connection of nginx (10000)', (use(light.pids()) - before.nginx) / 10000, 'bytes', '> 0')
  await others.leave()
}

/** B5b: through TLS, beside a thread of Poco's for each. */
export async function parkedTls() {
  const count = 2000
  await withHost({}, async (system) => {
    const polls = await enrol(system, count, kWait)
    const certificate = makeCertificate(system.folder, 'bench')
    const port = await restartWithTls(system, certificate)
    const bare = await poco(certificate)
    /** User memory and kernel stacks that so many connections add, each. */
    const cost = async (pid, answers, connect) => {
      const before = memory(pid) + kernelStacks()
      const clients = await connect()
      await sleep(500) // threads that have just been made are still setting up
      const each = (memory(pid) + kernelStacks() - before) / count
      const { ended, answered } = await clients.leave()
      if (answered !== answers || Object.keys(ended).length > 0) throw new Error(`connections did not stay: ${JSON.stringify(ended)}`)
      return each
    }
    const stay = async () => {
      const clients = new Clients('ask', bare.port, count, ['/'], true)
      await clients.when('answered')
      return clients
    }
    const ours = await cost(hostPid(system), 0, () => park(hostPid(system), port, polls, true))
    const theirs = await cost(bare.pids()[0], count, stay)
    report(`parked long poll / thread of Poco's, with TLS, user memory and kernel stack (${count})`, ours / theirs, 'x', '<= 0.6', { ours_bytes: ours, poco_bytes: theirs })
    await bare.stop()
  })
}
