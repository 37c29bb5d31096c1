// F20: what others notice of clients that send and take next to nothing.
import { hostPid, withHost } from './host.mjs'
import { Clients, load } from './load.mjs'
import { memory, rest } from './process.mjs'
import { median, report } from './report.mjs'

export async function slow() {
  await withHost({}, async (system) => {
    const path = `${system.url}/api/v1/auth/me`
    const { port } = new URL(system.url)
    load(path, system.token)
    const runs = { idle: [], slow: [] }
    let grown = 0
    for (let round = 0; round < 4; ++round) {
      for (let i = 0; i < 2; ++i) runs.idle.push(load(path, system.token))
      const before = memory(hostPid(system))
      const slow = [
        new Clients('head', port, 2000, ['/api/v1/auth/me']),
        new Clients('body', port, 2000, ['/api/v1/auth/login']),
        new Clients('deaf', port, 500, ['/openapi.json']),
      ]
      await Promise.all(slow.map((clients) => clients.when('sent')))
      await rest(hostPid(system)) // until the buffers of the deaf are full their requests are ordinary work
      for (let i = 0; i < 2; ++i) runs.slow.push(load(path, system.token))
      grown = Math.max(grown, memory(hostPid(system)) - before)
      for (const clients of slow) {
        const { answered, ended } = await clients.leave()
        if (answered > 0 || Object.keys(ended).length > 0) throw new Error(`they were ended while it was measured: ${JSON.stringify(ended)}`)
      }
    }
    const of = (name, figure) => median(runs[name].map((run) => run[figure]))
    report('p99 of others beside 4,500 slow clients / without them', of('slow', 'p99') / of('idle', 'p99'), 'x', '<= 3', {
      requests: runs.slow.reduce((sum, run) => sum + run.requests, 0),
      p50_ms: of('slow', 'p50'),
      p99_ms: of('slow', 'p99'),
      p50_idle_ms: of('idle', 'p50'),
      p99_idle_ms: of('idle', 'p99'),
      memory_mib: grown / 2 ** 20,
    })
  })
}
