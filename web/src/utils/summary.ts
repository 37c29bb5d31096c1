import type { TargetStatus } from '../api/client'

/** What the dashboard says in its first line. `attention` is exactly what that line counts. */
export interface Summary {
  tone: 'good' | 'bad' | 'waiting' | 'none'
  key: string
  parameters: { good: number; all: number; bad: number }
  attention: TargetStatus[]
  lastBackup: string | null
  /** In the future; what is due is counted in `due`. */
  nextBackup: string | null
  due: number
  running: boolean
}

/** Everything is safe only if every enabled target has a good, recent snapshot; one that has none yet is not. */
export function summarize(targets: TargetStatus[], now = new Date()): Summary {
  const watched = targets.filter((target) => !target.disabled)
  const good = watched.filter((target) => target.status === 'healthy')
  const waiting = watched.filter((target) => target.status === 'unknown')
  const failing = watched.filter((target) => target.status === 'unhealthy' || target.status === 'warning')
  const onlyWaiting = failing.length === 0 && waiting.length === watched.length
  // What failed comes before what has not begun.
  const attention = onlyWaiting ? [] : [...failing, ...waiting]
  const parameters = { good: good.length, all: watched.length, bad: attention.length }
  const pick = (values: (string | null)[], newest: boolean): string | null =>
    values.reduce<string | null>((best, value) => (value && (!best || (newest ? value > best : value < best)) ? value : best), null)
  const common = {
    parameters,
    attention,
    lastBackup: pick(watched.map((target) => target.last_snapshot ?? null), true),
    nextBackup: pick(watched.map((target) => target.next_run_at ?? null).filter((at) => at && new Date(at) > now), false),
    due: watched.filter((target) => target.next_run_at && new Date(target.next_run_at) <= now && !target.running_task_id).length,
    running: watched.some((target) => target.running_task_id),
  }
  if (watched.length === 0) return { tone: 'none', key: 'dashboard.nothing', ...common }
  if (onlyWaiting) return { tone: 'waiting', key: 'dashboard.waiting', ...common }
  if (parameters.bad > 0) return { tone: 'bad', key: 'dashboard.attention', ...common }
  return { tone: 'good', key: 'dashboard.allGood', ...common }
}
