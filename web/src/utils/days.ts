import type { ComplianceDay, Run } from '../api/client'

/** How a day was; none is one of which nothing is known. What the words mean depends on whose days they are. */
export type DayState = 'success' | 'warning' | 'failed' | 'none'
export interface Day {
  /** "2026-01-31" */
  date: string
  state: DayState
  /** Types of what was promised and was not so. */
  violations?: readonly string[]
}

const BEST_FIRST: readonly DayState[] = ['success', 'warning', 'failed']

function dateOf(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** The `count` dates up to that one, by the calendar: a day may have 23 hours. */
function datesUntil(end: string, count: number): string[] {
  const [year, month, day] = end.split('-').map(Number) as [number, number, number]
  return Array.from({ length: count }, (_, index) => dateOf(new Date(year, month - 1, day - (count - 1 - index))))
}

/** The last `count` days up to today in the reader's zone, each with the best that became of its runs. */
export function daysOf(runs: readonly Pick<Run, 'start_time' | 'status'>[], today: Date, count: number): Day[] {
  const states = new Map<string, Set<string>>()
  for (const run of runs) {
    const date = dateOf(new Date(run.start_time))
    states.set(date, (states.get(date) ?? new Set()).add(run.status))
  }
  return datesUntil(dateOf(today), count).map((date) => {
    const seen = states.get(date)
    return { date, state: BEST_FIRST.find((state) => seen?.has(state)) ?? 'none' }
  })
}

const BY_STATUS: Record<ComplianceDay['status'], DayState> = { healthy: 'success', warning: 'warning', unhealthy: 'failed', unknown: 'none' }
/** How the target was on that day. */
export const stateOfDay = ({ status }: ComplianceDay): DayState => BY_STATUS[status]
/** Whether it had what is promised; a warning is a day with it on which something else was wrong. */
export function promiseOfDay({ status, compliant }: ComplianceDay): DayState {
  if (!compliant) return 'failed'
  return status === 'unhealthy' ? 'warning' : BY_STATUS[status]
}

/** The last `count` days of each target. They end today, or tomorrow where a target's zone is there already: all alike. */
export function daysOfTargets(known: ReadonlyMap<string, readonly ComplianceDay[]>, today: Date, count: number, stateOf: (day: ComplianceDay) => DayState): (target: string) => Day[] {
  const newest = [...known.values()].reduce((latest, days) => (days.at(-1) && days.at(-1)!.day > latest ? days.at(-1)!.day : latest), dateOf(today))
  const dates = datesUntil(newest, count)
  return (target) => {
    const found = new Map((known.get(target) ?? []).map((day) => [day.day, day]))
    return dates.map((date) => {
      const day = found.get(date)
      return day ? { date, state: stateOf(day), violations: day.violations } : { date, state: 'none' }
    })
  }
}

/** In which row of a week a date stands, Monday being the first. */
export function weekdayOf(date: string): number {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  return ((new Date(year, month - 1, day).getDay() + 6) % 7) + 1
}
