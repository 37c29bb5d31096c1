/** A schedule taken apart for its sentence. Whether it is good, the host says. */
export type Part =
  | { kind: 'values'; from: number; to: number; step: number }
  | { kind: 'own'; from?: number; to?: number; step?: number }
  | { kind: 'beforeLast'; days: number }
  | { kind: 'nearWorkday'; day: number }
  | { kind: 'lastWorkday' }
  | { kind: 'lastOf'; weekday: number }
  | { kind: 'nthOf'; weekday: number; nth: number }

export interface Field {
  parts: Part[]
  /** It begins with a star: it does not restrict the days. */
  any: boolean
  /** It is a star and nothing else. */
  every: boolean
}
export interface Schedule {
  minute: Field
  hour: Field
  day: Field
  month: Field
  weekday: Field
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const SHORT: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}
const BOUNDS = { minute: [0, 59], hour: [0, 23], day: [1, 31], month: [1, 12], weekday: [0, 7] } as const
type Name = keyof typeof BOUNDS

function numberOf(name: Name, text: string): number | undefined {
  const [low, high] = BOUNDS[name]
  const names = name === 'month' ? MONTHS : name === 'weekday' ? WEEKDAYS : []
  const value = /^\d{1,3}$/.test(text) ? Number(text) : names.includes(text) ? low + names.indexOf(text) : -1
  return value >= low && value <= high ? value : undefined
}

function special(name: Name, text: string): Part | undefined {
  if (name === 'day') {
    if (text === 'lw') return { kind: 'lastWorkday' }
    const day = numberOf(name, /^(\d+)w$/.exec(text)?.[1] ?? '')
    if (day !== undefined) return { kind: 'nearWorkday', day }
    const last = /^l(?:-(\d{1,2}))?$/.exec(text)
    if (last) return { kind: 'beforeLast', days: Number(last[1] ?? 0) }
  }
  if (name === 'weekday') {
    const [, word = '', nth] = /^(\w+?)(?:l|#([1-5]))$/.exec(text) ?? []
    const weekday = numberOf(name, word)
    if (weekday !== undefined) return nth ? { kind: 'nthOf', weekday: weekday % 7, nth: Number(nth) } : { kind: 'lastOf', weekday: weekday % 7 }
  }
  return undefined
}

function partOf(name: Name, text: string): Part | undefined {
  const found = special(name, text)
  if (found) return found
  const [, range = '', stepText] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(text) ?? []
  const step = stepText === undefined ? undefined : Number(stepText)
  if (step === 0) return undefined
  if (range === 'h') return { kind: 'own', step }
  const own = /^h\((.+)-(.+)\)$/.exec(range)
  const [low, bound] = BOUNDS[name]
  const high = name === 'weekday' ? 6 : bound
  const [first, last = first] = own ? own.slice(1) : range === '*' ? [String(low), String(high)] : range.split('-', 2)
  const from = numberOf(name, first ?? '')
  const to = !own && range !== '*' && !range.includes('-') && step !== undefined ? Math.max(high, from ?? 0) : numberOf(name, last ?? '')
  if (from === undefined || to === undefined || from > to || (range.match(/-/g) ?? []).length > 1) return undefined
  return own ? { kind: 'own', from, to, step } : { kind: 'values', from, to, step: step ?? 1 }
}

function fieldOf(name: Name, text: string): Field | undefined {
  const parts = text.split(',').map((part) => partOf(name, part))
  if (parts.some((part) => part === undefined)) return undefined
  return { parts: parts as Part[], any: text.startsWith('*'), every: text === '*' }
}

/** undefined: it is none that can be read. */
export function readSchedule(expression: string): Schedule | undefined {
  const text = expression.trim().toLowerCase()
  const fields = (SHORT[text] ?? text).split(/[ \t]+/)
  if (fields.length !== 5) return undefined
  const [minute, hour, day, month, weekday] = (Object.keys(BOUNDS) as Name[]).map((name, i) => fieldOf(name, fields[i]!))
  return minute && hour && day && month && weekday ? { minute, hour, day, month, weekday } : undefined
}

/** What a field names, in order; undefined where it is not the same for everybody, or not by numbers. */
export function valuesOf(field: Field): number[] | undefined {
  const values = new Set<number>()
  for (const part of field.parts) {
    if (part.kind !== 'values') return undefined
    for (let value = part.from; value <= part.to; value += part.step) values.add(value)
  }
  return [...values].sort((a, b) => a - b)
}
export const onlyValue = (field: Field): number | undefined => {
  const values = valuesOf(field)
  return values?.length === 1 ? values[0] : undefined
}
