import type { Agent, AgentPlugins, DumpOfAgent, Plugin, TargetStatus } from '../api/client'
import type { Say } from './maintenance'

/** What the last heartbeat said, as far as the page shows it. */
export interface Metrics {
  cpuPercent?: number
  memoryUsedBytes?: number
  memoryTotalBytes?: number
  uptimeSeconds?: number
  restic_version?: string
  ip?: string
  problems?: string[]
  disks?: { mountPath: string; freeBytes: number; totalBytes: number }[]
}
export const metricsOf = (agent: Pick<Agent, 'metadata'>): Metrics => (agent.metadata ?? {}) as Metrics
/** An agent without problems leaves those of before where they were. */
export const problemsOf = (agent: Pick<Agent, 'metadata' | 'status'>): string[] => (agent.status === 'error' ? (metricsOf(agent).problems ?? []) : [])

const newest = (times: (string | null | undefined)[]): string | undefined => times.filter((time): time is string => Boolean(time)).sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1)

/** "What is going on on this machine?": its state, its policies and the last backup. */
export function agentSentence(agent: Pick<Agent, 'hostname' | 'status' | 'paused' | 'last_seen_at' | 'metadata'>, targets: readonly TargetStatus[] | undefined, relative: (at: string | null | undefined) => string, { t }: Pick<Say, 't'>): string {
  const problems = problemsOf(agent).length
  const host = agent.hostname
  const state =
    agent.status === 'error'
      ? t('agent.hasProblems', { host, count: problems }, problems)
      : agent.status === 'offline'
        ? t(agent.last_seen_at ? 'agent.offline' : 'agent.neverSeen', { host, age: relative(agent.last_seen_at) })
        : t(agent.paused ? 'agent.paused' : 'agent.online', { host })
  if (!targets) return state
  const bad = targets.filter((one) => one.status === 'unhealthy' || one.status === 'warning').length
  const policies = t('agent.policies', { count: targets.length }, targets.length)
  const attention = bad ? ` ${t('agent.attention', { count: bad }, bad)}` : ''
  const last = newest(targets.map((one) => one.last_snapshot))
  const backup = targets.length === 0 ? '' : ` ${last ? t('agent.lastBackup', { age: relative(last) }) : t('agent.noBackup')}`
  return `${state} ${policies}${attention}${backup}`
}

type Rules = AgentPlugins['local_policy']
const textsIn = (value: unknown): string[] | undefined => (Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : undefined)

/** What the machine's own rules forbid, each in a sentence. */
export function rulesInWords(rules: Rules, { t, language }: Pick<Say, 't' | 'language'>): string[] {
  const list = (names: string[]): string => new Intl.ListFormat(language, { type: 'conjunction' }).format(names)
  const either = (names: string[], none: string, some: string): string => (names.length ? t(some, { names: list(names), count: names.length }, names.length) : t(none))
  const out: string[] = []
  const paths = textsIn(rules.paths)
  const places = textsIn(rules.restore_paths)
  const plugins = rules.plugins === false ? [] : textsIn(rules.plugins)
  if (paths) out.push(either(paths, 'rules.noPaths', 'rules.paths'))
  if (rules.restores === false) out.push(t('rules.noRestores'))
  else if (places) out.push(either(places, 'rules.noRestorePaths', 'rules.restorePaths'))
  if (rules.restore_tests === false) out.push(t('rules.noRestoreTests'))
  if (plugins) out.push(either(plugins, 'rules.noPlugins', 'rules.plugins'))
  if (rules.hooks === false) out.push(t('rules.noHooks'))
  return out
}

export type PluginState = 'on' | 'off' | 'forbidden'
export const stateOfPlugin = (plugin: Pick<Plugin, 'allowed' | 'enabled'>): PluginState => (plugin.allowed === false ? 'forbidden' : plugin.enabled ? 'on' : 'off')
export const can = (plugin: Pick<Plugin, 'capabilities'> | undefined, what: 'restore' | 'verify'): boolean => plugin?.capabilities?.includes(what) ?? false

/** The name of the settings that a plugin has where nobody names others. */
export const OWN_SET = 'default'

/** Rows of a table need an id; a database is one by where, by what and with what it is dumped. */
/** Which dump of a snapshot is meant: it may hold several. */
export const meant = (dump: Pick<DumpOfAgent, 'plugin' | 'set' | 'database'>): { plugin: string; dump_set: string; dump: string } => ({ plugin: dump.plugin, dump_set: dump.set, dump: dump.database })
export const idOfDump = (dump: DumpOfAgent): string => [dump.target_id, dump.plugin, dump.set, dump.database].join('\n')

/** A name beside the one that stands there; a path keeps its ending. */
export function nameBeside(database: string, suffix = '_restored'): string {
  const [, stem = database, ending = ''] = /^(.*\/[^/]+?)(\.[^./]+)?$/.exec(database) ?? []
  return `${stem}${suffix}${ending}`
}

export type Replacing = 'free' | 'ownName' | 'replaces'
/** What a restore under a name meets: nothing that is known, its own original, or what somebody chose to replace. */
export const replacing = (database: string, name: string, sameServer: boolean, replace: boolean): Replacing =>
  replace ? 'replaces' : sameServer && name.trim() === database ? 'ownName' : 'free'

export interface VerifiedRow {
  name: string
  rows: number
  expected?: number | null
}
/** Tables whose rows are not as many as the dump says. */
export const differing = <T extends VerifiedRow>(tables: readonly T[]): T[] => tables.filter((table) => table.expected !== undefined && table.expected !== null && table.expected !== table.rows)

/** A plugin that a policy of several machines may name. */
export interface Offered {
  name: string
  schema: Plugin['settings_schema']
  sets: string[]
  /** Switched on and allowed on every machine that was asked. */
  ready: boolean
}
/** What machines have told of: by the first that has a plugin, with the sets of all. */
export function offeredBy(told: readonly AgentPlugins[]): Offered[] {
  const names = [...new Set(told.flatMap((one) => one.items.map((plugin) => plugin.name)))].sort()
  return names.map((name) => {
    const found = told.flatMap((one) => one.items.filter((plugin) => plugin.name === name))
    return {
      name,
      schema: found[0]?.settings_schema,
      sets: [...new Set([OWN_SET, ...found.flatMap((plugin) => (plugin.sets ?? []).map((set) => set.name))])],
      ready: found.length === told.length && found.every((plugin) => stateOfPlugin(plugin) === 'on'),
    }
  })
}
