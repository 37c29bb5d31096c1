const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** "12.5 MiB": IEC units, as restic writes them. */
export function bytes(value: number | null | undefined, language: string): string {
  if (value === null || value === undefined) return '–'
  let size = value
  let unit = 0
  while (Math.abs(size) >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit += 1
  }
  const digits = unit === 0 ? 0 : size >= 100 ? 0 : size >= 10 ? 1 : 2
  return `${new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(size)} ${UNITS[unit]}`
}

/** "1h 12m", "51s", "0.3s" */
export function duration(seconds: number | null | undefined, language: string): string {
  if (seconds === null || seconds === undefined) return '–'
  if (seconds < 10) return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(seconds)}s`
  const whole = Math.round(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  if (hours > 0) return `${hours}h ${minutes}m`
  if (minutes > 0) return `${minutes}m ${whole % 60}s`
  return `${whole}s`
}

export function count(value: number | null | undefined, language: string): string {
  return value === null || value === undefined ? '–' : new Intl.NumberFormat(language).format(value)
}

/** Whole percents; below one with a digit, so that a long backup is seen to move. */
export function percent(value: number, language: string): string {
  const digits = value > 0 && value < 1 ? 1 : 0
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} %`
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/** "4 min ago", "in 3 hr."; `now` below five seconds. */
export function relative(at: Date, now: Date, language: string, justNow: string): string {
  const seconds = (at.getTime() - now.getTime()) / 1000
  if (Math.abs(seconds) < 5) return justNow
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'always', style: 'short' })
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  }
  return justNow
}

/** "31 Jan", of a day as "2026-01-31". */
export function day(date: string, language: string): string {
  const [year, month, number] = date.split('-').map(Number)
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(new Date(year!, month! - 1, number!))
}

/** "January 2026", of a month as "2026-01". */
export function month(date: string, language: string): string {
  const [year, number] = date.split('-').map(Number)
  return new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric' }).format(new Date(year!, number! - 1, 1))
}

/** In a zone that is named: "31 Jan 2026, 02:00 CET". A zone that the browser does not know is UTC, and said so. */
export function absoluteIn(at: Date, language: string, timeZone: string): string {
  const format = (zone: string): string => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long', timeZone: zone }).format(at)
  try {
    return format(timeZone)
  } catch {
    return format('UTC')
  }
}

export function absolute(at: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' }).format(at)
}
