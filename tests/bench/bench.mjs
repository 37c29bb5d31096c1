// Measures ratios against yardsticks of the same run, interleaved A B A B, and prints each as it comes, and all as JSON.
// Usage: node bench.mjs [NAME]...; without a name everything.
import { backup } from './backup.mjs'
import { claim } from './claim.mjs'
import { compliance } from './compliance.mjs'
import { dumps } from './dumps.mjs'
import { events } from './events.mjs'
import { withHost } from './host.mjs'
import { list } from './list.mjs'
import { maintenance } from './maintenance.mjs'
import { parked, parkedTls } from './parked.mjs'
import { polling } from './polling.mjs'
import { print } from './report.mjs'
import { requests } from './requests.mjs'
import { folders, restore } from './restore.mjs'
import { schedule } from './schedule.mjs'
import { scale } from './scale.mjs'
import { slow } from './slow.mjs'
import { start } from './start.mjs'
import { storages } from './storages.mjs'
import { storm } from './storm.mjs'

process.env.AE_HTTP_RATE_LIMIT = '0' // one caller asks as fast as the host answers

const benches = { start, events, requests, list, backup: () => withHost({}, backup), maintenance: () => withHost({}, maintenance), storages: () => withHost({}, storages), dumps: () => withHost({}, dumps), restore: () => withHost({}, restore), folders: () => withHost({}, folders), polling, compliance, parked, 'parked-tls': parkedTls, storm, slow, scale, schedule, claim }
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
let broken = 0
for (const [name, measure] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  try {
    await measure()
  } catch (error) {
    ++broken
    console.error(`bench ${name}:`, error)
  }
}
process.exitCode = print() && broken === 0 ? 0 : 1
