import { onlyValue, readSchedule, valuesOf, type Field } from './cron'

export const HOW_OFTEN = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type HowOften = (typeof HOW_OFTEN)[number]

/** What the pickers of a schedule hold; each kind uses some of it. */
export interface Picked {
  often: HowOften
  /** At an H: every agent has its own. */
  spread: boolean
  minute: number
  hour: number
  /** Of hourly: every so many hours. */
  step: number
  /** 1 is Monday, 7 Sunday. */
  weekdays: number[]
  /** Of the month; 0 is the last. */
  day: number
}
export const STEPS = [1, 2, 3, 4, 6, 8, 12]
export const FIRST: Picked = { often: 'daily', spread: false, minute: 0, hour: 2, step: 1, weekdays: [1], day: 1 }

export function expressionOf({ often, spread, minute, hour, step, weekdays, day }: Picked): string {
  const time = spread ? 'H H' : `${minute} ${hour}`
  if (often === 'hourly') return `${spread ? 'H' : minute} ${step > 1 ? `*/${step}` : '*'} * * *`
  if (often === 'weekly') return `${time} * * ${[...weekdays].sort((a, b) => a - b).join(',')}`
  return often === 'monthly' ? `${time} ${day || 'L'} * *` : `${time} * * *`
}

const isOwn = ({ parts }: Field): boolean => parts.length === 1 && parts[0]?.kind === 'own' && parts[0].from === undefined && !parts[0].step
/** 0 is the last one. */
function dayOf(field: Field): number | undefined {
  const [part] = field.parts
  return field.parts.length === 1 && part?.kind === 'beforeLast' && part.days === 0 ? 0 : onlyValue(field)
}

/** What the pickers show of an expression, beside what they had; undefined: it is none that they could have written. */
export function pickedOf(expression: string, before: Picked = FIRST): Picked | undefined {
  const schedule = readSchedule(expression)
  if (!schedule) return undefined
  const { minute, hour, day, month, weekday } = schedule
  if (!month.every) return undefined
  const ownMinute = isOwn(minute)
  const m = onlyValue(minute)
  if (m === undefined && !ownMinute) return undefined
  const picked = { ...before, minute: m ?? before.minute }
  if (hour.any) {
    const [part] = hour.parts
    const step = part?.kind === 'values' && hour.parts.length === 1 ? part.step : 0
    return day.every && weekday.every && STEPS.includes(step) ? { ...picked, often: 'hourly', spread: ownMinute, step } : undefined
  }
  const ownHour = isOwn(hour)
  const h = onlyValue(hour)
  if (ownHour !== ownMinute || (h === undefined && !ownHour)) return undefined
  const timed = { ...picked, spread: ownHour, hour: h ?? before.hour }
  if (day.every && weekday.every) return { ...timed, often: 'daily' }
  const weekdays = valuesOf(weekday)?.map((one) => one || 7)
  if (day.every && weekdays && !weekday.any) return { ...timed, often: 'weekly', weekdays: [...new Set(weekdays)].sort((a, b) => a - b) }
  const date = dayOf(day)
  return weekday.every && date !== undefined ? { ...timed, often: 'monthly', day: date } : undefined
}
