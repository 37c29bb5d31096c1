// Our schedules beside cron-parser and croner, where the three mean the same. Left out, as they do not:
// - Days where one field begins with a star and is more than a star, as "*/2 * fri": by Debian's cron both must match
//   then, to croner that is a restriction like any other (either is enough), to cron-parser so for the day of month.
// - The days around a change of the clocks: a skipped run is at the moment of the change by Debian's cron, croner keeps
//   its minutes or leaves it out by the form of the expression, cron-parser moves it by an hour. The stretches that are
//   compared here have no change.
// - H: each hashes its own way; croner has none. tests/unit/core/cron_hash_test.cpp has ours.
// - A step behind one number, as "5/10": croner refuses it.
// - L-3: neither has it. W: cron-parser has none. LW: neither. Of "friL" croner's word is "fri#L", cron-parser's "5L".
// - # and L beside others in a list, as "mon#1,fri": cron-parser takes no such list.
// - Lists whose parts overlap, as "1-5,3": cron-parser refuses them.
// - What never comes: they search for it for years, we refuse it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'

const build = process.env.AE_BUILD_DIR ?? 'build'
const load = createRequire(join(process.cwd(), 'build/tools/cron/package.json'))
const { CronExpressionParser } = load('cron-parser')
const { Cron } = load('croner')

const COUNT = 5
/** Stretches without a change of the clocks. */
const STRETCHES = [
  { zone: 'UTC', from: '2026-01-01T00:00:00.000Z', end: '2060-01-01T00:00:00.000Z' },
  { zone: 'Asia/Kolkata', from: '2026-02-27T17:31:00.000Z', end: '2060-01-01T00:00:00.000Z' },
  { zone: 'Europe/Berlin', from: '2026-03-30T12:00:00.000Z', end: '2026-10-24T12:00:00.000Z' },
  { zone: 'America/New_York', from: '2026-11-02T12:00:00.000Z', end: '2027-03-13T12:00:00.000Z' },
]

/** Numbers that are the same in every run. */
let state = 51
const below = (bound) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * bound)
}
const one = (list) => list[below(list.length)]
const MONTHS = ['jan', 'FEB', 'mar', 'Apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'Mon', 'tue', 'WED', 'thu', 'fri', 'sat']

const range = (low, high) => {
  const from = low + below(high - low)
  return [from, from + 1 + below(high - from)]
}
const number = (low, high) => String(low + below(high - low + 1))
function valuesOf(text, low, names) {
  const [, from, to = from, step = '1'] = /^(\w+)(?:-(\d+))?(?:\/(\d+))?$/.exec(text)
  const first = names?.includes(from) ? names.indexOf(from) + low : Number(from)
  const last = names?.includes(from) ? first : Number(to)
  return Array.from({ length: Math.floor((last - first) / Number(step)) + 1 }, (_, i) => first + i * Number(step))
}
function field(low, high, names) {
  const part = () => {
    const [from, to] = range(low, high)
    switch (below(names ? 5 : 4)) {
      case 0: return `${from}-${to}`
      case 1: return `${from}-${to}/${1 + below(Math.max(1, to - from))}`
      case 4: return one(names)
      default: return number(low, high)
    }
  }
  const parts = []
  for (let left = 1 + below(3); left > 0; left -= 1) {
    const next = part()
    if ([...parts, next].flatMap((text) => valuesOf(text, low, names)).every((value, i, all) => all.indexOf(value) === i)) parts.push(next)
  }
  return parts.join(',')
}
const time = () => [one(['*', '*/5', '*/20', field(0, 59)]), one(['*', '*/4', field(0, 23), field(0, 23)])].join(' ')
const clock = () => `${number(0, 59)} ${number(0, 23)}`

/** [ours, croner's, cron-parser's]: null where that one has no word for it. */
function expressions() {
  const all = []
  const same = (text) => all.push([text, text, text])
  for (const text of ['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually'])
    all.push([text, text, text === '@midnight' || text === '@annually' ? null : text])
  for (const text of ['30 4 1,15 * 5', '0 0 29 2 *', '0 0 31 * *', '0 0 29,30 2,4 *', '0 0 13 * fri', '0 0 * * 7', '0 0 * * 0', '0 0 * * 5-7', '59 23 31 12 *'])
    same(text)
  for (let i = 0; i < 60; i += 1) same(`${time()} * * *`)
  for (let i = 0; i < 40; i += 1) same(`${time()} ${field(1, 28)} * *`)
  for (let i = 0; i < 40; i += 1) same(`${time()} * ${field(1, 12, MONTHS)} *`)
  for (let i = 0; i < 40; i += 1) same(`${time()} * * ${field(0, 6, WEEKDAYS)}`)
  // Either is enough where both restrict: all three say so.
  for (let i = 0; i < 40; i += 1) same(`${time()} ${field(1, 28)} ${field(1, 12, MONTHS)} ${field(0, 6, WEEKDAYS)}`)
  for (let i = 0; i < 20; i += 1) same(`${clock()} L ${one(['*', field(1, 12)])} *`)
  for (let i = 0; i < 20; i += 1) {
    const [start, day] = [clock(), below(7)]
    all.push([`${start} * * ${day}L`, `${start} * * ${day}#L`, `${start} * * ${day}L`])
  }
  for (let i = 0; i < 25; i += 1) same(`${clock()} * * ${below(7)}#${1 + below(5)}`)
  for (let i = 0; i < 25; i += 1) {
    const text = `${clock()} ${1 + below(31)}W * *`
    all.push([text, text, null])
  }
  return all
}

function ours(lines) {
  const input = lines.map((fields) => fields.join('\t')).join('\n')
  const run = spawnSync(join(build, 'tests/cron_lines'), { input: `${input}\n`, encoding: 'utf8', maxBuffer: 2 ** 26 })
  assert.equal(run.status, 0, run.stderr || String(run.error))
  return run.stdout.trimEnd().split('\n')
}
const byCroner = (text, { zone, from }) => new Cron(text, { timezone: zone, paused: true }).nextRuns(COUNT, new Date(from)).map((at) => at.toISOString())
function byCronParser(text, { zone, from }) {
  const runs = CronExpressionParser.parse(text, { currentDate: new Date(from), tz: zone })
  return Array.from({ length: COUNT }, () => runs.next().toISOString())
}

const ALL = expressions()
const cases = ALL.flatMap((texts) => STRETCHES.map((stretch) => ({ texts, stretch })))
const answers = ours(cases.map(({ texts, stretch }) => ['key', stretch.zone, stretch.from, COUNT, texts[0]]))

for (const [name, at, runsOf] of [['croner', 1, byCroner], ['cron-parser', 2, byCronParser]])
  test(`${name} finds the runs that we find`, () => {
    let compared = 0
    let runs = 0
    cases.forEach(({ texts, stretch }, i) => {
      if (texts[at] === null) return
      const within = (list) => list.filter((instant) => instant < stretch.end)
      const found = within(answers[i].split(' '))
      assert.deepEqual(found, within(runsOf(texts[at], stretch)), `${texts[0]} in ${stretch.zone} from ${stretch.from}`)
      compared += 1
      runs += found.length
    })
    assert.ok(compared > 1100, `${compared} were compared`)
    assert.ok(runs > 4000, `${runs} runs were compared`)
  })

test('what is refused is said in a sentence', () => {
  const refusals = ours([['k', 'UTC', '2026-01-01T00:00:00.000Z', 1, '0 0 30 2 *'], ['k', 'Mars/Olympus', '2026-01-01T00:00:00.000Z', 1, '0 0 * * *']])
  assert.match(refusals[0], /^refused: The schedule's day of month "30" names a date that never comes in its month "2"/)
  assert.equal(refusals[1], 'refused: no such zone or time')
})
