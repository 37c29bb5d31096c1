import { all, api, type Agent, type BlackoutWindow, type OpenRegistrationToken, type Policy, type Repository, type Run, type SchedulePreview, type System, type TargetStatus } from '../api/client'
import type { AskedPages } from '../composables/usePages'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

const MOST_AT_ONCE = 500

/** Whether a status has something under way. */
const underWay = (targets: TargetStatus[] | undefined): boolean => Boolean(targets?.some((target) => !target.disabled && target.running_task_id))

export const statusQuery = (): Asked<TargetStatus[]> => ({
  queryKey: keys.status,
  queryFn: api.status,
  refetchInterval: every((targets) => (underWay(targets) ? 3 : 30)),
})

/** The host itself; for admins. */
export const systemQuery = (enabled: boolean): Asked<System> => ({ queryKey: keys.system, queryFn: api.system, enabled, refetchInterval: every(() => 600) })

export const agentsQuery = (): AskedPages<Agent> => ({ queryKey: [...keys.agents, 'pages'], load: api.agents, seconds: () => 10 })
export const allAgentsQuery = (): Asked<Agent[]> => ({
  queryKey: [...keys.agents, 'all'],
  queryFn: () => all((after) => api.agents(MOST_AT_ONCE, after)),
})
/** The one that came last; null for none. */
export const newestAgentQuery = (): Asked<Agent | null> => ({
  queryKey: [...keys.agents, 'newest'],
  queryFn: async () => (await api.agents(1)).items[0] ?? null,
  refetchInterval: every(() => 30),
})
export const registrationTokensQuery = (): Asked<OpenRegistrationToken[]> => ({
  queryKey: keys.registrationTokens,
  queryFn: () => all(api.registrationTokens),
  refetchInterval: every(() => 30),
})

export const policiesQuery = (): AskedPages<Policy> => ({ queryKey: [...keys.policies, 'pages'], load: api.policies, seconds: () => 15 })
export const allPoliciesQuery = (): Asked<Policy[]> => ({
  queryKey: [...keys.policies, 'all'],
  queryFn: () => all((after) => api.policies(MOST_AT_ONCE, after)),
})
export const newestPolicyQuery = (): Asked<Policy | null> => ({
  queryKey: [...keys.policies, 'newest'],
  queryFn: async () => (await api.policies(1)).items[0] ?? null,
  refetchInterval: every(() => 30),
})
/** The next three runs of a schedule. */
export const previewQuery = (schedule: string, timezone: string, windows: BlackoutWindow[] = []): Asked<SchedulePreview> => ({
  queryKey: [...keys.preview, schedule, timezone, windows],
  queryFn: () => api.preview(schedule, timezone, windows),
})

export const repositoriesQuery = (): AskedPages<Repository> => ({ queryKey: [...keys.repositories, 'pages'], load: api.repositories, seconds: () => 15 })
export const allRepositoriesQuery = (): Asked<Repository[]> => ({
  queryKey: [...keys.repositories, 'all'],
  queryFn: () => all((after) => api.repositories(MOST_AT_ONCE, after)),
})

export const runsQuery = (status: Run['status'] | undefined): AskedPages<Run> => ({
  queryKey: [...keys.runs, 'pages', status ?? ''],
  load: (limit, after) => api.runs(limit, after, { status }),
  size: 50,
  seconds: (rows) => (rows.some((run) => run.status === 'running' || run.status === 'created') ? 3 : 20),
})
