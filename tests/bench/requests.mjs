// B4: authenticated requests for a small JSON answer.
import { withHost } from './host.mjs'
import { load } from './load.mjs'
import { median, report } from './report.mjs'
import { nginx, poco } from './yardsticks.mjs'

export async function requests() {
  const [bare, light] = [await poco(), await nginx()]
  await withHost({}, async (system) => {
    const path = `${system.url}/api/v1/auth/me`
    for (const [connections, seconds, least] of [[32, 2, '>= 0.85'], [1000, 3, '> 1']]) {
      const runs = { ours: [], bare: [], light: [] }
      for (let i = 0; i <= 5; ++i) {
        const ours = load(path, system.token, seconds, connections)
        const [one, other] = [bare, light].map(({ url }) => load(url, '', seconds, connections))
        if (i === 0) continue // warms up
        runs.ours.push(ours)
        runs.bare.push(one)
        runs.light.push(other)
      }
      const of = (name, figure) => median(runs[name].map((run) => run[figure]))
      const against = (name) => median(runs.ours.map(({ rate }, i) => rate / runs[name][i].rate))
      const more = Object.fromEntries(Object.keys(runs).map((name) => [name, { per_second: of(name, 'rate'), p50_ms: of(name, 'p50'), p99_ms: of(name, 'p99') }]))
      const requests = runs.ours.reduce((sum, run) => sum + run.requests, 0)
      report(`authenticated GET / bare Poco hello, ${connections} connections`, against('bare'), 'x', least, { requests, ...more })
      report(`authenticated GET / nginx saying hello, ${connections} connections`, against('light'), 'x', '>= 0.28')
    }
  })
  await bare.stop()
  await light.stop()
}
