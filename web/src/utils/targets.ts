import type { Agent, HealthCheck, Policy, Repository, Target, TargetInput, TargetProbe, TargetStatus } from '../api/client'

/** What the server itself can be told to look at; an agent's own disk and programs of its machine it cannot. */
export const WATCHED_KINDS = ['local', 'sftp', 's3', 'rest', 'azure', 'gcs'] as const

/** Repositories of which a new target can be made: none of another machine's disk, none that is watched already. */
export function watchable<T extends Pick<Repository, 'id' | 'type' | 'agent_id' | 'name'>>(repositories: readonly T[], targets: readonly Pick<TargetStatus, 'mode' | 'repository_id'>[]): T[] {
  const watched = new Set(targets.filter((target) => target.mode === 'direct').map((target) => target.repository_id))
  return repositories.filter((one) => !one.agent_id && one.type !== 'rclone' && !watched.has(one.id)).sort((a, b) => a.name.localeCompare(b.name))
}

/** The state that a badge shows: one that nobody has looked at yet is not one without a backup. */
export const stateOf = (target: Pick<TargetStatus, 'mode' | 'status' | 'checked_at'>): string => (target.mode === 'direct' && target.status === 'unknown' && !target.checked_at ? 'unseen' : target.status)

/** What is shown is older than the last look, which saw nothing: nobody may take it for new. */
export const isOldAnswer = (target: Pick<TargetStatus, 'mode' | 'checked_at' | 'seen_at'>): boolean =>
  target.mode === 'direct' && Boolean(target.checked_at) && (!target.seen_at || Date.parse(target.seen_at) < Date.parse(target.checked_at!))

/** When something happens next: a look, or a run. */
export const nextOf = (target: Pick<TargetStatus, 'mode' | 'next_check_at' | 'next_run_at'>): string | null => (target.mode === 'direct' ? target.next_check_at : target.next_run_at) ?? null

export const probeOf = (target: Pick<Target, 'probes'> | undefined, kind: TargetProbe['kind']): TargetProbe | undefined => target?.probes.find((probe) => probe.kind === kind)

/** In the order in which people ask: is there something, how much is it, is it sound. */
const KINDS: readonly TargetProbe['kind'][] = ['snapshots', 'stats', 'check']
export const probesOf = (target: Pick<Target, 'probes'>): TargetProbe[] => KINDS.flatMap((kind) => probeOf(target, kind) ?? [])

export type LookState = 'running' | 'due' | 'bad' | 'good' | 'never'
export function lookStateOf(probe: TargetProbe, now: Date): LookState {
  if (probe.running) return 'running'
  if (probe.next_at && Date.parse(probe.next_at) <= now.getTime()) return 'due'
  if (probe.error) return 'bad'
  return probe.good_at ? 'good' : 'never'
}

/** A look that somebody waits for has ended: there is a newer answer than `before`, good or not. */
export const hasLookedSince = (probe: TargetProbe | undefined, before: string | null | undefined): boolean => Boolean(probe?.checked_at) && !probe!.running && probe!.checked_at !== before

/** What a change says of a target: all that it is, and what becomes different. */
export const inputOf = (target: Target, different: Partial<TargetInput> = {}): TargetInput => ({
  name: target.name,
  mode: target.mode,
  repository_id: target.repository_id ?? null,
  agent_id: target.agent_id ?? null,
  policy_id: target.policy_id ?? null,
  max_age_hours: target.max_age_hours ?? null,
  disabled: target.disabled,
  ...different,
})

/** What an agent can be handed a target with: policies that save to the same repository and that it does not follow yet. */
export function policiesFor<T extends Pick<Policy, 'repository_id' | 'agents' | 'name'>>(target: Pick<Target, 'repository_id'>, policies: readonly T[], agent: Agent['id']): T[] {
  return policies.filter((policy) => policy.repository_id === target.repository_id && !policy.agents.some((one) => one.agent_id === agent)).sort((a, b) => a.name.localeCompare(b.name))
}

/** Whether a target can be removed here: an agent's is unlinked from its policy instead. */
export const isRemovable = (target: Pick<Target, 'mode' | 'disabled'>): boolean => target.mode === 'direct' || target.disabled

/** Why a look was not good, as reasons are told. */
export const failureOf = (check: Pick<HealthCheck | TargetProbe, 'error'> & { message?: string | null; error_message?: string | null }): { error: string; message: string } | null =>
  check.error ? { error: check.error, message: (check.message ?? check.error_message) || check.error } : null

/** How a target was after a look; something that is no harm yet is a warning. */
export const stateOfCheck = ({ healthy, error }: Pick<HealthCheck, 'healthy' | 'error'>): 'healthy' | 'warning' | 'unhealthy' => (!healthy ? 'unhealthy' : error ? 'warning' : 'healthy')
