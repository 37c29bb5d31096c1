import { MutationCache, QueryCache, QueryClient, type Query } from '@tanstack/vue-query'
import { ClientError, isMissing } from '../api/errors'

const LONGEST_PAUSE_MS = 60_000

/**
 * What the page knows of the host. It asks again when it is looked at again and when the network is back. A host on the
 * same machine answers without any network: so nothing waits for one. A session that has ended is told to `sessionEnded`.
 */
export function makeQueryClient(sessionEnded: () => void): QueryClient {
  const onError = (error: Error): void => {
    if (error instanceof ClientError && error.kind === 'Unauthorized') sessionEnded()
  }
  const again = (query: { state: { error: unknown } }) => (isMissing(query.state.error) ? false : ('always' as const))
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { networkMode: 'always', retry: false, refetchOnWindowFocus: again, refetchOnReconnect: again },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}

type State = Query['state']

/** How long to wait after a failure: at first as always, then as long as it has failed already, up to a minute. */
function pauseAfterFailure(usual: number, { dataUpdatedAt, errorUpdatedAt, errorUpdateCount }: State): number {
  const failing = dataUpdatedAt ? errorUpdatedAt - dataUpdatedAt : usual * 2 ** (errorUpdateCount - 1)
  return Math.max(usual, Math.min(failing, LONGEST_PAUSE_MS))
}

/**
 * Asks again every so many seconds, 0 for never; not while the page is hidden, less often while it fails, and no more
 * where there is nothing (404) or the session has ended.
 */
export const every =
  <T>(seconds: (data: T | undefined) => number) =>
  ({ state }: { state: { data: T | undefined; error: Error | null } & Omit<State, 'data' | 'error'> }): number | false => {
    const usual = seconds(state.data) * 1000
    if (!usual) return false
    if (!state.error) return usual
    if (isMissing(state.error) || (state.error instanceof ClientError && state.error.kind === 'Unauthorized')) return false
    return pauseAfterFailure(usual, state as State)
  }
