import type { Agent, Maintenance, MaintenanceKind, Repository, Task, TaskFailure, TaskInput } from '../api/client'
import { reasonOf } from '../i18n/reasons'

/** The page's language and formats, for what is said in sentences. */
export interface Say {
  t: (key: string, parameters?: Record<string, unknown>, plural?: number) => string
  bytes: (value: number | null | undefined) => string
  language: string
}

/** What can be known of a result, whatever its kind. */
interface Result {
  error_count?: number
  errors?: string[]
  damaged_packs?: string[]
  snapshots_kept?: number
  snapshots_removed?: number
  bytes_reclaimed?: number
  bytes_remaining?: number
  mode?: string
  total_size?: number
  count?: number
  locks_removed?: number
  lock_count?: number
  missing_folder?: string
  data_read?: string
  created?: boolean
  found?: boolean
  version?: number
  files?: number
  bytes?: number
  files_skipped?: number
  dry_run?: boolean
  verified?: boolean
  removed?: boolean
  entries?: number
  hits?: number
  changes?: number
  truncated?: boolean
  total_files?: number
  compared_with_source?: number
  differs_from_source?: number
  changed_since?: number
  not_compared?: number
  duration_seconds?: number
  stderr_tail?: string | null
}
export const resultOf = (last: Pick<Maintenance, 'result'>): Result => (last.result ?? {}) as Result

/** What people start; the rest is started by what it belongs to. */
export type StartedKind = Extract<MaintenanceKind, TaskInput['type']>
/** The two halves of a change of the password, one after the other. */
export const CHANGES_PASSWORD = ['add_key', 'remove_key'] as const satisfies MaintenanceKind[]

const isOfPassword = ({ type }: { type: string }): boolean => CHANGES_PASSWORD.some((kind) => kind === type)
/** What is under way of such a change. */
export const openOfPassword = ({ open_tasks }: Pick<Repository, 'open_tasks'>): Repository['open_tasks'] => open_tasks.filter(isOfPassword)
export const changesPassword = (repository: Pick<Repository, 'open_tasks'>): boolean => openOfPassword(repository).length > 0

/** What a repository's page starts whatever the repository is, in the order of its cards. */
export const STARTED_BY_HAND = ['test', 'check', 'prune', 'forget', 'stats', 'snapshots'] as const satisfies StartedKind[]

interface CaredFor {
  maintenance: Pick<Repository['maintenance'], 'last'>
}
export const lastOf = (repository: CaredFor, kind: MaintenanceKind): Maintenance | undefined =>
  repository.maintenance.last.find((last) => last.kind === kind)

/** How many locks were seen last, and when: a look tells it, and an unlock. */
export function heldBy(repository: CaredFor): { count: number; at: string } | undefined {
  const looks = (['locks', 'unlock'] as const).flatMap((kind) => lastOf(repository, kind) ?? [])
  const last = looks.filter((look) => resultOf(look).lock_count !== undefined).sort((a, b) => Date.parse(b.ended_at) - Date.parse(a.ended_at))[0]
  return last && { count: resultOf(last).lock_count ?? 0, at: last.ended_at }
}

/** When a kind of care is done by itself. */
export interface Plan {
  /** Five cron fields; empty: never by itself. */
  schedule: string
  timezone: string
  next: string | null | undefined
  /** Why the last time made no task, or not all of them. */
  problem: string | null | undefined
}
/** What a repository has a schedule for. */
export const BY_SCHEDULE = ['check', 'prune', 'forget', 'stats', 'verify'] as const satisfies (keyof Repository['maintenance']['next_runs'])[]
export function planOf({ maintenance }: Pick<Repository, 'maintenance'>, kind: MaintenanceKind): Plan | undefined {
  const operation = BY_SCHEDULE.find((one) => one === kind)
  if (!operation) return undefined
  return { schedule: maintenance[`${operation}_schedule`], timezone: maintenance.timezone, next: maintenance.next_runs[operation], problem: maintenance.problems[operation] }
}

/** It is a check that found errors in the repository, and not one that could not look. */
export const foundDamage = (last: Pick<Maintenance, 'kind' | 'result'>): boolean => last.kind === 'check' && (resultOf(last).error_count ?? 0) > 0

/** What is known of a repository by its checks; one that never got so far says nothing of damage, and one that read less disproves none. */
export function soundness(repository: CaredFor & Partial<Pick<Repository, 'damage'>>): 'unchecked' | 'sound' | 'damaged' | 'damageKnown' | 'checkFailed' {
  const check = lastOf(repository, 'check')
  if (repository.damage && repository.damage.task_id !== check?.task_id) return 'damageKnown'
  if (!check) return 'unchecked'
  if (check.status === 'success') return 'sound'
  return foundDamage(check) ? 'damaged' : 'checkFailed'
}

/** What a check has to read so that it can disprove damage; the structure where none is known. */
export function readingOf(damage: Repository['damage']): Record<string, unknown> {
  const reads = damage?.reads ?? ''
  if (!reads) return {}
  return reads.includes('/') ? { read_data_subset: reads } : { read_data: true }
}

const SIZES: Record<string, string> = { 'restore-size': 'cared.sizeRestore', 'files-by-contents': 'cared.sizeFiles' }

/** What a task of each kind did, said of one that succeeded. */
const DID: Record<MaintenanceKind, (result: Result, say: Say) => string> = {
  check: ({ data_read: read }, { t }) => (read === 'all' ? t('cared.checkSoundAll') : read ? t('cared.checkSoundPart', { part: read }) : t('cared.checkSound')),
  prune: (result, { t, bytes }) => {
    const space = { freed: bytes(result.bytes_reclaimed), left: bytes(result.bytes_remaining) }
    const removed = result.snapshots_removed
    return removed === undefined ? t('cared.pruned', space) : t('cared.prunedSnapshots', { ...space, count: removed }, removed)
  },
  forget: (result, { t }) => {
    const removed = result.snapshots_removed ?? 0
    return t('cared.forgot', { count: removed, kept: result.snapshots_kept ?? '–' }, removed)
  },
  preview_forget: (result, { t }) => {
    const removed = result.snapshots_removed ?? 0
    return t('cared.previewed', { count: removed, kept: result.snapshots_kept ?? '–' }, removed)
  },
  stats: (result, { t, bytes }) => t(SIZES[result.mode ?? ''] ?? 'cared.sizeRaw', { size: bytes(result.total_size) }),
  snapshots: (result, { t }) => (result.count === undefined ? t('cared.done') : t('cared.listed', { count: result.count }, result.count)),
  unlock: (result, { t }) => {
    const removed = result.locks_removed === undefined ? t('cared.unlockedSome') : t('cared.unlocked', { count: result.locks_removed }, result.locks_removed)
    const left = result.lock_count ?? 0
    return left ? `${removed} ${t('cared.locksLeft', { count: left }, left)}` : removed
  },
  locks: (result, { t }) => t('cared.held', { count: result.lock_count ?? 0 }, result.lock_count ?? 0),
  test: (result, { t }) => {
    if (result.found) return t('cared.reached', { version: result.version ?? '–' })
    const missing = result.missing_folder ? ` ${t('cared.reachedMissing', { folder: result.missing_folder })}` : ''
    return t('cared.reachedEmpty') + missing
  },
  init: (result, { t }) => t(result.created ? 'cared.created' : 'cared.there'),
  plugin_test: (_, { t }) => t('cared.done'),
  plugin_setup: (_, { t }) => t('cared.done'),
  restore: (result, { t, bytes }) => {
    if (result.files === undefined) return t('cared.done')
    const what = { count: result.files, size: bytes(result.bytes) }
    const done = t(result.dry_run ? 'cared.wouldRestore' : result.verified ? 'cared.restoredVerified' : 'cared.restored', what, result.files)
    return result.files_skipped ? `${done} ${t('cared.restoreSkipped', { count: result.files_skipped }, result.files_skipped)}` : done
  },
  ls: (result, { t }) => (result.entries === undefined ? t('cared.done') : t('cared.folderListed', { count: result.entries }, result.entries)),
  find: (result, { t }) => (result.hits === undefined ? t('cared.done') : t(result.truncated ? 'cared.foundMore' : 'cared.found', { count: result.hits }, result.hits)),
  diff: (result, { t }) => (result.changes === undefined ? t('cared.done') : t(result.truncated ? 'cared.differMore' : 'cared.differ', { count: result.changes }, result.changes)),
  verify: (result, { t, bytes }) => {
    if (result.files === undefined) return t('cared.done')
    const known = [t('cared.testedSame', { count: result.compared_with_source ?? 0 })]
    if (result.differs_from_source) known.push(t('cared.testedDiffers', { count: result.differs_from_source }))
    if (result.changed_since) known.push(t('cared.testedChanged', { count: result.changed_since }))
    if (result.not_compared) known.push(t('cared.testedNot', { count: result.not_compared }))
    return t('cared.tested', { count: result.files, total: result.total_files ?? '–', size: bytes(result.bytes), seconds: Math.max(1, Math.round(result.duration_seconds ?? 0)), known: known.join(', ') })
  },
  restore_dump: (_, { t }) => t('cared.done'),
  verify_dump: (_, { t }) => t('cared.done'),
  tag: (_, { t }) => t('cared.done'),
  forget_snapshot: (_, { t }) => t('cared.done'),
  add_key: (_, { t }) => t('cared.keyAdded'),
  remove_key: (result, { t }) => t(result.removed ? 'cared.keyRemoved' : 'cared.keyGone'),
}

/** What became of the last task of a kind, in a sentence. `failure` is the task's error, where it is known. */
export function outcomeOf(last: Pick<Maintenance, 'kind' | 'status' | 'message' | 'result'>, failure: TaskFailure | null | undefined, say: Say): string {
  const result = resultOf(last)
  if (foundDamage(last)) {
    const found = say.t('cared.checkErrors', { count: result.error_count }, result.error_count)
    const packs = result.damaged_packs?.length ?? 0
    return packs ? `${found} ${say.t('cared.checkPacks', { count: packs }, packs)}` : found
  }
  if (last.status === 'cancelled') return say.t('cared.cancelled')
  if (last.status === 'failed') {
    const message = failure || last.message ? reasonOf(failure ?? { error: '', message: last.message ?? '' }, say.language) : ''
    return message ? say.t('cared.failedBecause', { message }) : say.t('cared.failed')
  }
  return DID[last.kind](result, say)
}

export type AgentOf = (id: string) => Pick<Agent, 'hostname'> | undefined

/** Why a task has not begun and for whom it waits, or where it runs. */
export function stateOf(task: Task, agentOf: AgentOf, { t, language }: Say): string {
  const nameOf = (id: string): string => agentOf(id)?.hostname ?? t('repository.another')
  const host = nameOf(task.agent_id)
  if (task.status === 'unreachable') return t('wait.silent', { host })
  if (task.status !== 'queued' && task.status !== 'created') return t('wait.running', { host })
  if (task.waiting) {
    const before = task.waiting.tasks.map((other) => t('wait.before', { kind: other.type === 'backup' ? t('wait.backup') : t(`care.${other.type}.name`), host: nameOf(other.agent_id) }))
    if (task.waiting.code === 'again' && task.error) return t('wait.againBecause', { message: reasonOf(task.error, language) })
    const why = t(`wait.${task.waiting.code}`, { host })
    return before.length ? `${why} (${before.join(', ')})` : why
  }
  return t('wait.agent', { host })
}

type Retention = Partial<Record<'keep_last' | 'keep_hourly' | 'keep_daily' | 'keep_weekly' | 'keep_monthly' | 'keep_yearly', number | null>> & { keep_tags?: string[] }
const RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const

/** "the last 3; one a day for 7 days"; "" for rules that keep nothing and are therefore none. */
export function keptBy(rules: Retention | null | undefined, { t }: Say): string {
  return RULES.map((rule) => ({ rule, count: rules?.[`keep_${rule}`] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ rule, count }) => t(`keep.${rule}`, { count }, count))
    .concat(rules?.keep_tags?.length ? [t('keep.tags', { tags: rules.keep_tags.join(', ') })] : [])
    .join('; ')
}
