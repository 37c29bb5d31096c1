import type { Policy, PolicyVersion } from '../api/client'
import type { Say } from './maintenance'
import { schedulePhrase } from './schedule'

export type PolicySay = Say
/** Who says an option: the one agent, the policy, the tenant, or the program. */
export type Origin = 'link' | 'policy' | 'tenant' | 'default'

const RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
const LONGEST_PATH = 40
const list = (items: string[], { language }: PolicySay): string => new Intl.ListFormat(language, { type: 'conjunction' }).format(items)

/** "7 days, 4 weeks, 12 months". */
export function keptBriefly(rules: Policy['retention_rules'], { t }: PolicySay): string {
  return RULES.map((rule) => ({ rule, count: rules?.[`keep_${rule}`] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ rule, count }) => t(`promise.keep.${rule}`, { count }, count))
    .join(', ')
}

function whatOf({ include_paths: paths, plugins }: Pick<Policy, 'include_paths' | 'plugins'>, say: PolicySay): string {
  const [first] = paths
  const folders = paths.length === 1 && first!.length <= LONGEST_PATH ? first! : paths.length ? say.t('promise.folders', { count: paths.length }, paths.length) : ''
  const dumps = plugins.length ? say.t('promise.dumps', { names: list(plugins.map((one) => one.name), say) }) : ''
  return list([folders, dumps].filter(Boolean), say)
}
const whoOf = ({ agents }: Pick<Policy, 'agents'>, { t }: PolicySay): string => (agents.length === 1 ? agents[0]!.hostname : t('promise.agents', { count: agents.length }, agents.length))

type Promised = Pick<Policy, 'name' | 'enabled' | 'schedule' | 'include_paths' | 'plugins' | 'agents' | 'retention_rules' | 'awaiting_adoption'>

/** What a policy promises, in one sentence. */
export function promiseOf(policy: Promised, say: PolicySay): string {
  const { t } = say
  const { name } = policy
  if (policy.awaiting_adoption) return t('promise.rests', { name })
  if (!policy.enabled) return t('promise.off', { name })
  if (!policy.agents.length) return t('promise.nobody', { name })
  const parts = { name, what: whatOf(policy, say), who: whoOf(policy, say), when: schedulePhrase(policy.schedule, say) }
  const keep = keptBriefly(policy.retention_rules, say)
  return keep ? t('promise.keeps', { ...parts, keep }) : t('promise.all', parts)
}

/** "Created", or the names of what was changed. */
export function changeInWords({ changed, version }: Pick<PolicyVersion, 'changed' | 'version'>, nameOf: (field: string) => string, say: PolicySay): string {
  if (changed.length) return list(changed.map(nameOf), say)
  return say.t(version === 1 ? 'policyVersions.created' : 'policyVersions.nothing')
}
