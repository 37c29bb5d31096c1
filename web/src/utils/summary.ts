import type { TargetStatus } from '../api/client'

/** What the dashboard says in its first line. */
export interface Summary {
  tone: 'good' | 'bad' | 'waiting' | 'none'
  key: string
  parameters: { good: number; count: number; bad: number }
  attention: TargetStatus[]
  lastBackup: string | null
  nextBackup: string | null
  running: boolean
}

/** Everything is safe only if every enabled target has a good, recent snapshot; one that has none yet is not. */
export function summarize(targets: TargetStatus[]): Summary {
  const watched = targets.filter((target) => !target.disabled)
  const good = watched.filter((target) => target.status === 'healthy')
  const attention = watched.filter((target) => target.status === 'unhealthy' || target.status === 'warning')
  const waiting = watched.filter((target) => target.status === 'unknown')
  const parameters = { good: good.length, count: watched.length, bad: attention.length + waiting.length }
  const pick = (values: (string | null)[], newest: boolean): string | null =>
    values.reduce<string | null>((best, value) => (value && (!best || (newest ? value > best : value < best)) ? value : best), null)
  const common = {
    parameters,
    attention,
    lastBackup: pick(watched.map((target) => target.last_snapshot ?? null), true),
    nextBackup: pick(watched.map((target) => target.next_run_at ?? null), false),
    running: watched.some((target) => target.running_task_id),
  }
  if (watched.length === 0) return { tone: 'none', key: 'dashboard.nothing', ...common }
  if (attention.length === 0 && waiting.length === watched.length) return { tone: 'waiting', key: 'dashboard.waiting', ...common }
  if (parameters.bad === 1) return { tone: 'bad', key: 'dashboard.attentionOne', ...common }
  if (parameters.bad > 1) return { tone: 'bad', key: 'dashboard.attention', ...common }
  return { tone: 'good', key: watched.length === 1 ? 'dashboard.allGood' : 'dashboard.allGoodCount', ...common }
}
