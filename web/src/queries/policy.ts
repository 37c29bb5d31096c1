import { api, type EffectiveOptions, type Policy, type PolicyOptions, type PolicyVersion, type Run, type SkippedSlots } from '../api/client'
import type { Versioned } from '../api/http'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

/** A policy, and which version of it that is, for a change. */
export const policyQuery = (id: string): Asked<Versioned<Policy>> => ({ queryKey: [...keys.policies, id, 'page'], queryFn: () => api.policy(id), refetchInterval: every(() => 10) })

/** How it was each time that it was saved, newest first. */
export const policyVersionsQuery = (id: string): Asked<PolicyVersion[]> => ({ queryKey: [...keys.policies, id, 'versions'], queryFn: async () => (await api.policyVersions(id)).items })

/** Its slots that became no backup of their own, newest first. */
export const skippedSlotsQuery = (id: string): Asked<SkippedSlots[]> => ({ queryKey: [...keys.policies, id, 'skipped'], queryFn: async () => (await api.skippedSlots(id)).items })

/** What counts for one agent of a policy. */
export const optionsForQuery = (agent: string, policy: string): Asked<Versioned<EffectiveOptions>> => ({ queryKey: [...keys.policies, policy, 'options', agent], queryFn: () => api.optionsFor(agent, policy) })

/** What policies go by where they say nothing themselves. */
export const policyDefaultsQuery = (): Asked<Versioned<PolicyOptions>> => ({ queryKey: keys.policyDefaults, queryFn: api.policyDefaults })

/** The run that began last; null for none. */
export const lastRunQuery = (policy: string): Asked<Run | null> => ({
  queryKey: [...keys.runs, 'last', policy],
  queryFn: async () => (await api.runs(1, null, { policy_id: policy })).items[0] ?? null,
  refetchInterval: every((run) => (run?.status === 'running' || run?.status === 'created' ? 3 : 20)),
})
