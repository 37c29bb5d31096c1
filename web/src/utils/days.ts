import type { Run } from '../api/client'

/** What a day of backups was: its best outcome; none is a day without a run that ended. */
export type DayState = 'success' | 'warning' | 'failed' | 'none'
export interface Day {
  /** In the reader's zone, "2026-01-31". */
  date: string
  state: DayState
}

const BEST_FIRST: readonly DayState[] = ['success', 'warning', 'failed']

function dateOf(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** The last `count` days up to today, each with what became of its runs. */
export function daysOf(runs: readonly Pick<Run, 'start_time' | 'status'>[], today: Date, count: number): Day[] {
  const states = new Map<string, Set<string>>()
  for (const run of runs) {
    const date = dateOf(new Date(run.start_time))
    states.set(date, (states.get(date) ?? new Set()).add(run.status))
  }
  return Array.from({ length: count }, (_, index) => {
    // By the calendar: a day may have 23 hours.
    const date = dateOf(new Date(today.getFullYear(), today.getMonth(), today.getDate() - (count - 1 - index)))
    const seen = states.get(date)
    return { date, state: BEST_FIRST.find((state) => seen?.has(state)) ?? 'none' }
  })
}
