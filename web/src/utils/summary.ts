import type { TargetStatus } from '../api/client'

/** What the dashboard, and the page of targets, says in its first line. `attention` is exactly what that line counts. */
export interface Summary {
  tone: 'good' | 'bad' | 'waiting' | 'none'
  key: 'nothing' | 'waiting' | 'attention' | 'allGood'
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
  if (watched.length === 0) return { tone: 'none', key: 'nothing', ...common }
  if (onlyWaiting) return { tone: 'waiting', key: 'waiting', ...common }
  if (parameters.bad > 0) return { tone: 'bad', key: 'attention', ...common }
  return { tone: 'good', key: 'allGood', ...common }
}

type Translate = (key: string, parameters: Record<string, unknown>, plural: number) => string

/** The summary as a sentence, in the words of the page that says it: how many are well, and how many are not, each with its own plural. */
export function sentenceOfSummary({ key, parameters: { good, all, bad } }: Pick<Summary, 'key' | 'parameters'>, words: 'dashboard' | 'targets', t: Translate): string {
  if (key !== 'attention') return t(`${words}.${key}`, { count: all }, all)
  if (all === 1) return t(`${words}.attentionOnly`, {}, 1)
  return `${t(`${words}.good`, { all, count: good }, good)} ${t(`${words}.bad`, { count: bad }, bad)}`
}

/** Whoever only watches needs neither agent nor policy: there are no steps to a first backup then. */
export const onlyWatches = (targets: readonly Pick<TargetStatus, 'mode'>[], hasAgent: boolean): boolean => !hasAgent && targets.some((target) => target.mode === 'direct')
