import type { QueryClient } from '@tanstack/vue-query'
import { api, type Agent, type Locks, type MaintenanceKind, type RecoveryKit, type Repository, type RepositorySizes, type Snapshot, type Task } from '../api/client'
import { isMissing } from '../api/errors'
import type { AskedPages } from '../composables/usePages'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'
import { lastOf } from '../utils/maintenance'

/** Null for what is not there. */
export async function orNull<T>(wanted: Promise<T>): Promise<T | null> {
  try {
    return await wanted
  } catch (problem) {
    if (isMissing(problem)) return null
    throw problem
  }
}
const gone = (task: Task | null | undefined): boolean => task === null || Boolean(task?.completed_at)

/** Null: there is none any more. What has ended is not asked for again. */
const taskQuery = (id: string): Asked<Task | null> => ({
  queryKey: [...keys.tasks, id],
  queryFn: () => orNull(api.task(id)),
  staleTime: (query) => (gone(query.state.data) ? Infinity : 0),
})
/** One that somebody waits for; null: there is none any more. */
export const taskToItsEndQuery = (id: string): Asked<Task | null> => ({ ...taskQuery(id), refetchInterval: every((task) => (gone(task) ? 0 : 1)) })
/** Null: there is no such agent any more. */
const agentQuery = (id: string, staleTime: number): Asked<Agent | null> => ({
  queryKey: [...keys.agents, id],
  queryFn: () => orNull(api.agent(id)),
  staleTime,
})

export interface RepositoryView {
  repository: Repository
  /** By id: those under way, and the last ones that failed. */
  tasks: Map<string, Task>
  agents: Map<string, Agent>
  locks: Locks
  sizes: RepositorySizes['items']
}
/** What a task of those kinds found stays as it is until the next one has ended. */
const foundBy = <T>(repository: Repository, what: string, kinds: MaintenanceKind[], ask: (id: string) => Promise<T>) => ({
  queryKey: [...keys.repositories, repository.id, what, ...kinds.map((kind) => lastOf(repository, kind)?.ended_at ?? '')],
  queryFn: () => ask(repository.id),
  staleTime: Infinity,
})
async function byId<T>(ids: Iterable<string>, ask: (id: string) => Promise<T | null>): Promise<Map<string, T>> {
  const entries = await Promise.all([...new Set(ids)].map(async (id) => [id, await ask(id)] as const))
  return new Map(entries.flatMap(([id, found]) => (found === null ? [] : [[id, found]])))
}

async function look(client: QueryClient, id: string): Promise<RepositoryView> {
  const repository = await api.repository(id)
  const open = repository.open_tasks.map((task) => task.id)
  const failed = repository.maintenance.last.filter((last) => last.status === 'failed').map((last) => last.task_id)
  const tasks = await byId([...open, ...failed], (task) => client.fetchQuery(taskQuery(task)))
  // Whom they wait for may come or go meanwhile; names stay.
  const doing = open.length ? [...tasks.values()].flatMap((task) => [task.agent_id, ...(task.waiting?.tasks.map((other) => other.agent_id) ?? [])]) : []
  const named = [repository.agent_id, repository.maintenance_agent_id].filter((agent): agent is string => Boolean(agent))
  const agents = await byId([...doing, ...named], (agent) => client.fetchQuery(agentQuery(agent, doing.includes(agent) ? 0 : Infinity)))
  const locks = await client.fetchQuery(foundBy(repository, 'locks', ['locks', 'unlock'], api.locks))
  const { items: sizes } = await client.fetchQuery(foundBy(repository, 'sizes', ['stats'], api.sizes))
  return { repository, tasks, agents, locks, sizes }
}

/** A repository with the tasks and agents that its page names. */
export const repositoryQuery = (id: string): Asked<RepositoryView> => ({
  queryKey: [...keys.repositories, id],
  queryFn: ({ client }) => look(client, id),
  refetchInterval: every((view) => (view?.repository.open_tasks.length ? 1 : 10)),
})

export const recoveryKitQuery = (id: string): Asked<RecoveryKit> => ({ queryKey: [...keys.repositories, id, 'recovery-kit'], queryFn: () => api.recoveryKit(id) })

/** Of a repository, or of one target only. */
export type SnapshotsOf = { repository: string } | { target: string }
export const snapshotsQuery = (of: SnapshotsOf): AskedPages<Snapshot> => ({
  queryKey: 'target' in of ? [...keys.targets, of.target, 'snapshots'] : [...keys.repositories, of.repository, 'snapshots'],
  load: (limit, after) => ('target' in of ? api.targetSnapshots(of.target, limit, after) : api.repositorySnapshots(of.repository, limit, after)),
  size: 20,
  seconds: () => 30,
})
