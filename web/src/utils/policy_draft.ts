import type { Policy, PolicyInput, PolicyOptions } from '../api/client'
import { ownOptions } from './policy_options'

/** What a form of a policy holds: each option that is the policy's own. */
export type PolicyDraft = PolicyInput & Required<Pick<PolicyInput, 'enabled' | 'include_paths' | 'exclude_paths' | 'tags' | 'plugins'>>

/** A new one: every night, in the viewer's zone and with a common retention unless the tenant says otherwise. */
export function emptyDraft(tenant: PolicyOptions, timezone: string): PolicyDraft {
  return {
    name: '', enabled: true, schedule: '0 2 * * *', include_paths: [], exclude_paths: [], tags: [], plugins: [],
    ...(tenant.timezone ? {} : { timezone }),
    ...(tenant.retention_rules ? {} : { retention_rules: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 } }),
  }
}

/** A policy as it would be sent again unchanged: what it inherits stays inherited, its repository is named. */
export function draftOf(policy: Policy): PolicyDraft {
  const { name, enabled, schedule, include_paths, exclude_paths, tags, plugins } = policy
  return {
    name, enabled, schedule, include_paths, exclude_paths, tags, plugins,
    repository_id: policy.repository_id ?? null,
    assign: policy.assign ?? null,
    ...ownOptions(policy, 'policy'),
  }
}

/** A list that names nobody assigns to nobody. */
export function inputOf(draft: PolicyDraft): PolicyInput {
  const { assign } = draft
  return { ...draft, name: draft.name.trim(), assign: assign?.tags?.length || assign?.hostnames?.length ? assign : null }
}

type Field = keyof PolicyInput
/** Without the order of members, which says nothing. */
const text = (value: unknown): string =>
  JSON.stringify(value ?? null, (_, inner: unknown) => (inner && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner))
const fieldsOf = (...drafts: PolicyDraft[]): Field[] => [...new Set(drafts.flatMap((draft) => Object.keys(draft) as Field[]))]
/** Which fields are another way. */
export const differences = (a: PolicyDraft, b: PolicyDraft): Field[] => fieldsOf(a, b).filter((field) => text(a[field]) !== text(b[field]))

export interface Merged {
  draft: PolicyDraft
  /** What the others changed and is taken over. */
  taken: Field[]
  /** What both changed; `mine` stands in the draft. */
  both: Field[]
}
/** `mine`, begun from `base`, on top of what others made of it meanwhile: what only they changed is theirs. */
export function merge(base: PolicyDraft, theirs: PolicyDraft, mine: PolicyDraft): Merged {
  const own = differences(base, mine)
  const other = differences(base, theirs)
  const taken = other.filter((field) => !own.includes(field))
  const both = other.filter((field) => own.includes(field) && text(theirs[field]) !== text(mine[field]))
  const draft = { ...theirs, ...Object.fromEntries(own.map((field) => [field, mine[field]])) } as PolicyDraft
  return { draft, taken, both }
}
