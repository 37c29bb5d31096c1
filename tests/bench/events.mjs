// Events within the process.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from './host.mjs'
import { report } from './report.mjs'

export function events() {
  const { idle, burst, million_growth_kib: growth, lost } = JSON.parse(execFileSync(join(build, 'tests/event_bench'), { encoding: 'utf8' }))
  report('publish an event to an idle subscriber / mutex, deque, notify', idle.ratio, 'x', '<= 2', idle)
  report('the same in bursts of 1,000', burst.ratio, 'x', '<= 2', burst)
  report('memory after a million events', growth, 'KiB more', '<= 1024')
  report('events lost of that million', lost, '', '0')
}
