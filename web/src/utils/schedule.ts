import type { Say } from './maintenance'

const number = (text: string | undefined, most: number): number | undefined => (text && /^\d+$/.test(text) && Number(text) <= most ? Number(text) : undefined)
/** A Sunday, to name the days of the week from. */
const SUNDAY = Date.UTC(2026, 0, 4)
const DAY = 24 * 60 * 60 * 1000

/** "Every day at 06:30 (UTC)"; a schedule that no such sentence says is named as it is, "" is never. */
export function scheduleInWords(schedule: string, timezone: string, { t, language }: Pick<Say, 't' | 'language'>): string {
  if (!schedule) return t('planned.never')
  const [minute, hour, day, month, weekday, ...rest] = schedule.trim().split(/\s+/)
  const at = { minute: number(minute, 59), hour: number(hour, 23), weekday: number(weekday, 7) }
  if (rest.length || day !== '*' || month !== '*' || at.minute === undefined || at.hour === undefined) return t('planned.cron', { schedule, timezone })
  const time = `${String(at.hour).padStart(2, '0')}:${String(at.minute).padStart(2, '0')}`
  if (weekday === '*') return t('planned.daily', { time, timezone })
  if (at.weekday === undefined) return t('planned.cron', { schedule, timezone })
  const name = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(SUNDAY + at.weekday * DAY)
  return t('planned.weekly', { day: name, time, timezone })
}
