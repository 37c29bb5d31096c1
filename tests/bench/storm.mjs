// B15: the host was restarted with a new certificate, and every agent comes back at once.
import { spawn } from 'node:child_process'
import { freePort } from '../support/system.mjs'
import { enrol, makeCertificate, restartWithTls, withHost } from './host.mjs'
import { Clients } from './load.mjs'
import { median, report } from './report.mjs'

const kAgents = 5000
const kClients = 4 // one alone would leave a processor without work

/** Seconds that OpenSSL's own server and clients need for so many new handshakes. */
async function handshakes({ certificate, key }) {
  const port = await freePort()
  const server = spawn('openssl', ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', certificate, '-key', key, '-quiet'], { stdio: ['pipe', 'ignore', 'ignore'] }) // it complains of each client's end
  const began = performance.now()
  while (!(await answers(port))) if (performance.now() - began > 5000) throw new Error('s_server does not start')
  const run = () =>
    new Promise((resolve, reject) => {
      const client = spawn('openssl', ['s_time', '-connect', `127.0.0.1:${port}`, '-new', '-time', '4'], { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      client.stdout.on('data', (data) => (said += data))
      client.once('exit', () => {
        const found = /^(\d+) connections in \d+ real seconds/m.exec(said)
        if (found) resolve(Number(found[1]))
        else reject(new Error(said))
      })
    })
  const start = performance.now()
  const done = (await Promise.all(Array.from({ length: kClients }, run))).reduce((a, b) => a + b)
  const seconds = (performance.now() - start) / 1000
  server.kill('SIGKILL')
  return (seconds / done) * kAgents
}

function answers(port) {
  return new Promise((resolve) => {
    const probe = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'ignore'] })
    probe.once('exit', (code) => resolve(code === 0))
  })
}

export async function storm() {
  await withHost({}, async (system) => {
    const polls = await enrol(system, kAgents, 0)
    const ratios = []
    const walls = []
    const yardsticks = []
    let longest = 0
    const statuses = {}
    let lost = 0
    for (let i = 0; i <= 5; ++i) {
      const certificate = makeCertificate(system.folder, `storm-${i}`)
      const yardstick = await handshakes(certificate)
      const agents = new Clients('ask', await restartWithTls(system, certificate), kAgents, polls, true)
      const all = await agents.when('answered', 120)
      const { ended } = await agents.leave()
      if (i === 0) continue // warms up
      lost += Object.values(ended).reduce((a, b) => a + b, 0)
      for (const [status, count] of Object.entries(all.statuses)) statuses[status] = (statuses[status] ?? 0) + count
      ratios.push(all.seconds / yardstick)
      walls.push(all.seconds)
      yardsticks.push(yardstick)
      longest = Math.max(longest, all.longest)
    }
    report(`${kAgents} agents come back through TLS / openssl s_time -new, as many handshakes`, median(ratios), 'x', '<= 2', {
      ours_seconds: median(walls),
      yardstick_seconds: median(yardsticks),
    })
    report('the longest that an agent waited for its answer', longest, 's', '<= 60')
    const refused = Object.entries(statuses).reduce((sum, [status, count]) => sum + (status === '200' ? 0 : count), lost)
    report('agents that were refused or cut off', refused, '', '0', { statuses })
  })
}
