import type { Repository } from '../api/client'

/** A local repository is on one machine's disk; every other kind is reached over the network by all. */
export function reachedBy(repository: Pick<Repository, 'type' | 'agent_id'>, agents: readonly string[]): boolean {
  return !repository.agent_id || agents.every((agent) => agent === repository.agent_id)
}

/** An agent may bring a repository of its own; the host judges that. */
export const OWN_REPOSITORY = 'own'
/** One that is made with the policy. */
export const NEW_REPOSITORY = 'new'
