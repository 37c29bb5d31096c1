import { api, type HealthCheck, type Repository, type RepositorySizes, type Target, type TargetStatus } from '../api/client'
import type { AskedPages } from '../composables/usePages'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

export interface TargetView {
  target: Target
  /** Which version of it that is, for a change. */
  version: string
  status: TargetStatus
}
/** A target, how it is, and when it was and will be looked at. `hurried`: somebody waits for a look. */
export const targetQuery = (id: string, hurried = false): Asked<TargetView> => ({
  queryKey: [...keys.targets, id],
  queryFn: async () => {
    const { value: target, version } = await api.target(id)
    return { target, version, status: await api.statusOf(target.name) }
  },
  refetchInterval: every((view) => (hurried || view?.target.probes.some((probe) => probe.running) ? 1 : 10)),
})

export const healthChecksQuery = (id: string): AskedPages<HealthCheck> => ({
  queryKey: [...keys.targets, id, 'checks'],
  load: (limit, after) => api.healthChecks(id, limit, after),
  size: 20,
  seconds: () => 30,
})

export interface WatchedRepository {
  repository: Repository
  sizes: RepositorySizes['items']
}
/** The repository of a target and what it took up over time. */
export const watchedRepositoryQuery = (id: string): Asked<WatchedRepository> => ({
  queryKey: [...keys.repositories, id, 'watched'],
  queryFn: async () => {
    const [repository, { items: sizes }] = await Promise.all([api.repository(id), api.sizes(id)])
    return { repository, sizes }
  },
  refetchInterval: every(() => 60),
})
