import { type Field, onlyValue, type Part, readSchedule, type Schedule, valuesOf } from './cron'
import type { Say } from './maintenance'

type Words = Pick<Say, 't' | 'language'>

/** A Sunday, to name the days of the week from. */
const SUNDAY = Date.UTC(2026, 0, 4)
const DAY = 24 * 60 * 60 * 1000
/** More times of a day than these are said by the fields. */
const MOST_TIMES = 6

const clock = (hour: number, minute: number): string => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
export const weekdayName = (day: number, { language }: Words): string => new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(SUNDAY + (day % 7) * DAY)
const monthName = (month: number, { language }: Words): string => new Intl.DateTimeFormat(language, { month: 'long', timeZone: 'UTC' }).format(Date.UTC(2026, month - 1, 1))
const list = (items: string[], { language }: Words, type: 'conjunction' | 'disjunction' = 'conjunction'): string => new Intl.ListFormat(language, { type }).format(items)
const SUFFIXES: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' }
const ordinal = (n: number, { language }: Words): string => (language.startsWith('de') ? `${n}.` : `${n}${SUFFIXES[new Intl.PluralRules('en', { type: 'ordinal' }).select(n)] ?? 'th'}`)

/** Neighbours of at least three as one: [1, 2, 3, 5] is [[1, 3], [5, 5]]. */
function runsOf(values: number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const value of values) {
    const last = runs.at(-1)
    if (last && last[1] === value - 1) last[1] = value
    else runs.push([value, value])
  }
  return runs.flatMap(([from, to]): [number, number][] => (to - from === 1 ? [[from, from], [to, to]] : [[from, to]]))
}

function dayItem(part: Part, say: Words): string {
  const { t } = say
  const nth = (n: number): string => ordinal(n, say)
  switch (part.kind) {
    case 'beforeLast':
      return part.days === 0 ? t('schedule.lastDay') : part.days === 1 ? t('schedule.dayBeforeLast') : t('schedule.daysBeforeLast', { days: part.days })
    case 'nearWorkday':
      return t('schedule.nearWorkday', { day: nth(part.day) })
    case 'lastWorkday':
      return t('schedule.lastWorkday')
    case 'own':
      if (part.step) return part.from === undefined ? t('schedule.ownDays', { step: nth(part.step) }) : t('schedule.ownDaysOf', { step: nth(part.step), from: nth(part.from), to: nth(part.to!) })
      return part.from === undefined ? t('schedule.ownDay') : t('schedule.ownDayOf', { from: nth(part.from), to: nth(part.to!) })
    case 'values':
      if (part.from === part.to) return t('schedule.day', { day: nth(part.from) })
      return part.step > 1 ? t('schedule.everyDay', { step: nth(part.step), from: nth(part.from), to: nth(part.to) }) : t('schedule.days', { from: nth(part.from), to: nth(part.to) })
    default:
      return ''
  }
}

/** What of a week or a month the other two fields name: Monday is first. */
function weekdayItems(field: Field, say: Words): { plain: string[]; ofMonth: string[] } {
  const { t } = say
  const plain = valuesOf({ ...field, parts: field.parts.filter((part) => part.kind === 'values') })!.map((day) => (day === 0 ? 7 : day))
  const days = [...new Set(plain)].sort((a, b) => a - b)
  const items = runsOf(days).map(([from, to]) =>
    from === to ? t('schedule.weekday', { day: weekdayName(from, say) }) : t('schedule.weekdays', { from: weekdayName(from, say), to: weekdayName(to, say) }),
  )
  for (const part of field.parts)
    if (part.kind === 'own')
      items.push(
        part.step
          ? t('schedule.ownWeekdays', { step: ordinal(part.step, say) })
          : part.from === undefined
            ? t('schedule.ownWeekday')
            : t('schedule.ownWeekdayOf', { from: weekdayName(part.from, say), to: weekdayName(part.to!, say) }),
      )
  const ofMonth = field.parts.flatMap((part) =>
    part.kind === 'lastOf'
      ? [t('schedule.lastWeekday', { day: weekdayName(part.weekday, say) })]
      : part.kind === 'nthOf'
        ? [t('schedule.nthWeekday', { nth: t(`schedule.nth.n${part.nth}`), day: weekdayName(part.weekday, say) })]
        : [],
  )
  return { plain: items, ofMonth }
}

/** "in June", and of a day "of June". */
function monthsIn(field: Field, say: Words, one: 'month' | 'ofMonth'): string {
  const { t } = say
  if (field.every) return ''
  const plain = valuesOf({ ...field, parts: field.parts.filter((part) => part.kind === 'values') })!
  const items = runsOf(plain).map(([from, to]) => (from === to ? t(`schedule.${one}`, { month: monthName(from, say) }) : t(`schedule.${one}s`, { from: monthName(from, say), to: monthName(to, say) })))
  for (const part of field.parts) if (part.kind === 'own') items.push(part.step ? t('schedule.ownMonths', { step: ordinal(part.step, say) }) : t('schedule.ownMonth'))
  return list(items, say)
}

function daysIn({ day, weekday, month }: Schedule, say: Words): string {
  const { t } = say
  const months = monthsIn(month, say, 'month')
  const ofMonths = monthsIn(month, say, 'ofMonth') || t('schedule.eachMonth')
  const byDay = day.every ? '' : `${list(day.parts.map((part) => dayItem(part, say)), say)} ${ofMonths}`
  const { plain, ofMonth } = weekdayItems(weekday, say)
  const byWeekday = weekday.every ? '' : list([...plain.map((item) => (months ? `${item} ${months}` : item)), ...ofMonth.map((item) => `${item} ${ofMonths}`)], say)
  if (!byDay && !byWeekday) return months ? t('schedule.eachDayIn', { months }) : t('schedule.eachDay')
  if (!byDay || !byWeekday) return byDay || byWeekday
  // Where one begins with a star, both must match; else either is enough.
  return day.any || weekday.any ? t('schedule.both', { days: byDay, weekdays: byWeekday }) : list([byDay, byWeekday], say, 'disjunction')
}

/** The numbers of the minutes or the hours, as they stand there. */
function numbersIn(field: Field, say: Words): string {
  const { t } = say
  return list(
    field.parts.map((part) => {
      if (part.kind === 'own') {
        const key = `${part.step ? 'ownSteps' : 'ownNumber'}${part.from === undefined ? '' : 'Of'}`
        return t(`schedule.${key}`, { step: ordinal(part.step ?? 1, say), from: part.from, to: part.to })
      }
      if (part.kind !== 'values') return ''
      if (part.from === part.to) return String(part.from)
      const range = t('schedule.range', { from: part.from, to: part.to })
      return part.step > 1 ? `${t('schedule.steps', { step: ordinal(part.step, say) })} ${range}` : range
    }),
    say,
    'disjunction',
  )
}

/** Every quarter of an hour, every six hours: a step that the hour or the day is whole with; 0 if it is none. */
function evenStep(field: Field, size: number): number {
  const [part] = field.parts
  if (field.parts.length !== 1 || part?.kind !== 'values' || !field.any) return 0
  return part.step > 1 && size % part.step === 0 ? part.step : 0
}

/** The hour or hours in which the minutes are each machine's own. */
function ownTime({ minute, hour }: Schedule, say: Words): string | undefined {
  const { t } = say
  const [m] = minute.parts
  const [h] = hour.parts
  if (minute.parts.length !== 1 || hour.parts.length !== 1 || m?.kind !== 'own' || !h) return undefined
  if (m.step) return hour.every && m.from === undefined ? t('schedule.ownMinutes', { step: m.step }) : undefined
  if (h.kind === 'own' && !h.step && m.from === undefined) return h.from === undefined ? t('schedule.ownTime') : t('schedule.ownTimeOf', { from: clock(h.from, 0), to: clock(h.to!, 59) })
  if (hour.every && m.from === undefined) return t('schedule.ownMinute')
  const step = evenStep(hour, 24)
  if (step && m.from === undefined) return t('schedule.everyHoursOwn', { step })
  const at = onlyValue(hour)
  return at === undefined ? undefined : t('schedule.ownTimeOf', { from: clock(at, m.from ?? 0), to: clock(at, m.to ?? 59) })
}

interface Time {
  text: string
  /** It says itself how often: without "every day" before it. */
  often?: boolean
}

function timeIn(schedule: Schedule, say: Words): Time {
  const { t } = say
  const { minute, hour } = schedule
  const own = ownTime(schedule, say)
  if (own) return { text: own, often: hour.every || evenStep(hour, 24) > 0 }
  const at = onlyValue(minute)
  const minutes = valuesOf(minute)
  const hours = valuesOf(hour)
  if (hour.every) {
    if (minute.every) return { text: t('schedule.eachMinute'), often: true }
    const step = evenStep(minute, 60)
    if (step) return { text: t('schedule.everyMinutes', { step }), often: true }
    if (at !== undefined) return { text: at === 0 ? t('schedule.eachHour') : t('schedule.eachHourAt', { minute: at }), often: true }
    return { text: t('schedule.minutesOfEachHour', { minutes: numbersIn(minute, say) }), often: true }
  }
  const step = evenStep(hour, 24)
  if (at !== undefined && step) return { text: at === 0 ? t('schedule.everyHours', { step }) : t('schedule.everyHoursAt', { step, minute: at }), often: true }
  if (minutes && hours && minutes.length * hours.length <= MOST_TIMES) {
    const times = hours.flatMap((h) => minutes.map((m) => clock(h, m)))
    return { text: t('schedule.at', { times: list(times, say) }) }
  }
  if (minute.every) return { text: t('schedule.eachMinuteOf', { hours: numbersIn(hour, say) }), often: true }
  return { text: t('schedule.minutesOfHours', { minutes: numbersIn(minute, say), hours: numbersIn(hour, say) }) }
}

/** "every day at 06:30", within a sentence; one that cannot be read is named as it is. */
export function schedulePhrase(expression: string, say: Words): string {
  const schedule = readSchedule(expression)
  return schedule ? phraseOf(schedule, say) : say.t('schedule.unread', { schedule: expression })
}

function phraseOf(schedule: Schedule, say: Words): string {
  const { day, month, weekday } = schedule
  const time = timeIn(schedule, say)
  const everyDay = day.every && weekday.every && month.every
  if (everyDay && time.text === say.t('schedule.ownTime')) return say.t('schedule.onceADay', { time: time.text })
  return everyDay && time.often ? time.text : `${daysIn(schedule, say)} ${time.text}`.replace(/,? ,/, ',')
}

/** "Every day at 06:30 (UTC)"; a schedule that cannot be read is named as it is, "" is never. */
export function scheduleInWords(expression: string, timezone: string, say: Words): string {
  const { t } = say
  if (!expression) return t('planned.never')
  const schedule = readSchedule(expression)
  if (!schedule) return t('planned.cron', { schedule: expression, timezone })
  const { minute, hour, day, month, weekday } = schedule
  const weekly = onlyValue(weekday)
  const at = [onlyValue(hour), onlyValue(minute)] as const
  if (day.every && month.every && weekly !== undefined && at[0] !== undefined && at[1] !== undefined)
    return t('planned.weekly', { day: weekdayName(weekly, say), time: clock(at[0], at[1]), timezone })
  const text = phraseOf(schedule, say)
  return t('schedule.inZone', { text: text.charAt(0).toLocaleUpperCase(say.language) + text.slice(1), timezone })
}
