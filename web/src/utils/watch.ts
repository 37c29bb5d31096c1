import { api, type Repository, type Target, type TargetInput } from '../api/client'

export interface Watched {
  name: string
  max_age_hours: number | null
}

const inputFor = (repository: string, { name, max_age_hours }: Watched): TargetInput => ({ name: name.trim(), mode: 'direct', repository_id: repository, max_age_hours, disabled: false })

export const watchKnown = (repository: string, what: Watched): Promise<Target> => api.createTarget(inputFor(repository, what))

/**
 * Watches a repository that was just made. Where the server refuses, the repository goes again, so that the form can be
 * corrected and sent once more; `left` is told where that fails.
 */
export async function watchNew(repository: Repository, what: Watched, left: () => void): Promise<Target> {
  try {
    return await watchKnown(repository.id, what)
  } catch (refusal) {
    await api.removeRepository(repository.id).catch(left)
    throw refusal
  }
}
