import type { BlackoutWindow, Policy, PolicyOptions } from '../api/client'
import type { Origin, PolicySay } from './policy_words'
import { keptBy } from './maintenance'
import { weekdayName } from './schedule'

export type OptionName = keyof PolicyOptions
/** In the order in which they are shown. */
export const OPTIONS = [
  'timezone', 'retention_rules', 'max_age_hours', 'timeout_seconds', 'priority', 'catch_up', 'catch_up_most', 'jitter_minutes', 'blackout_windows',
  'limit_upload_kib', 'limit_download_kib', 'one_file_system', 'min_size_bytes', 'pre_hook', 'post_hook',
] as const satisfies OptionName[]
/** What a policy's form has a place of its own for. */
const SHOWN_APART: readonly OptionName[] = ['timezone', 'retention_rules']
export const RARE_OPTIONS = OPTIONS.filter((name) => !SHOWN_APART.includes(name))

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
type Weekday = (typeof WEEKDAYS)[number]
export const dayName = (day: Weekday, say: PolicySay): string => weekdayName(WEEKDAYS.indexOf(day) + 1, say)

const DAY_HOURS = 24
const HOUR_SECONDS = 3600
const HOUR_MINUTES = 60

function hours(count: number, { t }: PolicySay): string {
  return count >= DAY_HOURS && count % DAY_HOURS === 0 ? t('options.days', { count: count / DAY_HOURS }, count / DAY_HOURS) : t('options.hours', { count }, count)
}
const minutes = (count: number, say: PolicySay): string => (count > 0 && count % HOUR_MINUTES === 0 ? hours(count / HOUR_MINUTES, say) : say.t('options.minutes', { count }, count))
const seconds = (count: number, say: PolicySay): string => (count % HOUR_SECONDS === 0 ? hours(count / HOUR_SECONDS, say) : minutes(Math.round(count / HOUR_MINUTES), say))
/** A second of a transfer: what the host counts in KiB. */
const perSecond = (kib: number, { t, bytes }: PolicySay): string => (kib ? t('options.perSecond', { size: bytes(kib * 1024) }) : t('options.unlimited'))
export function windowInWords({ days, from, to }: BlackoutWindow, say: PolicySay): string {
  const span = say.t('options.span', { from, to })
  return days?.length ? `${days.map((day) => dayName(day as Weekday, say)).join(', ')} ${span}` : say.t('options.everyDay', { span })
}

const WORDS: { [Name in OptionName]-?: (value: NonNullable<PolicyOptions[Name]>, say: PolicySay) => string } = {
  timezone: (zone) => zone,
  retention_rules: (rules, say) => keptBy(rules, say) || say.t('promise.keepsAll'),
  max_age_hours: hours,
  timeout_seconds: seconds,
  priority: (priority, { t }) => t('options.priority', { priority }),
  catch_up: (how, { t }) => t(`choice.${how}`),
  catch_up_most: (count, { t }) => t('options.most', { count }, count),
  jitter_minutes: (count, say) => (count ? say.t('options.upTo', { time: minutes(count, say) }) : say.t('options.onTime')),
  blackout_windows: (windows, say) => windows.map((one) => windowInWords(one, say)).join('; ') || say.t('options.noWindow'),
  limit_upload_kib: perSecond,
  limit_download_kib: perSecond,
  one_file_system: (only, { t }) => t(only ? 'options.yes' : 'options.no'),
  min_size_bytes: (size, { t, bytes }) => (size ? bytes(size) : t('options.notSet')),
  pre_hook: (name, { t }) => name || t('options.noProgram'),
  post_hook: (name, { t }) => name || t('options.noProgram'),
}

/** What is so where nobody says anything, not even the program. */
const UNSAID: Partial<Record<OptionName, string>> = { limit_upload_kib: 'options.unlimited', limit_download_kib: 'options.unlimited', pre_hook: 'options.noProgram', post_hook: 'options.noProgram' }

/** An option's value as people say it. */
export function valueInWords(name: OptionName, value: PolicyOptions[OptionName], say: PolicySay): string {
  if (value === undefined || value === null) return say.t(UNSAID[name] ?? 'options.notSet')
  return (WORDS[name] as (value: unknown, say: PolicySay) => string)(value, say)
}

/** What counts where nothing is said, as far as it is known, and who says it. */
export interface Inherited {
  value?: PolicyOptions[OptionName]
  origin: Origin
}
export type InheritedOf = (name: OptionName) => Inherited

const originIn = (origins: Record<string, unknown> | null | undefined, name: OptionName): Origin => (origins?.[name] as Origin | undefined) ?? 'default'
type Said = PolicyOptions & { origins: Record<string, unknown> }

/** Who says what counts, of each option that has a value or is said by somebody. */
export const effectiveOptions = (said: Said): { name: OptionName; value: PolicyOptions[OptionName]; origin: Origin }[] =>
  OPTIONS.map((name) => ({ name, value: said[name], origin: originIn(said.origins, name) }))

/** What `own` says itself, without what it inherits. */
export function ownOptions(said: Said, own: Origin): PolicyOptions {
  return Object.fromEntries(OPTIONS.filter((name) => originIn(said.origins, name) === own && said[name] !== undefined && said[name] !== null).map((name) => [name, said[name]])) as PolicyOptions
}

/** Of a policy's form: what is not the policy's own counts as it was answered; of the rest only the tenant's is known. */
export function inheritedByPolicy(policy: Policy | undefined, tenant: PolicyOptions | undefined): InheritedOf {
  return (name) => {
    const origin = policy && originIn(policy.origins, name)
    if (policy && origin !== 'policy') return { value: policy[name], origin: origin! }
    return ofTenant(tenant)(name)
  }
}
const ofTenant = (tenant: PolicyOptions | undefined): InheritedOf => (name) => (tenant?.[name] === undefined || tenant[name] === null ? { origin: 'default' } : { value: tenant[name], origin: 'tenant' })

/** Of one agent of a policy: as the policy has it. */
export const inheritedByLink = (policy: Policy): InheritedOf => (name) => ({ value: policy[name], origin: originIn(policy.origins, name) })
