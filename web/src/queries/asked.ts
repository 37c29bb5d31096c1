import type { QueryKey, QueryObserverOptions } from '@tanstack/vue-query'

/** A question to the host: under which key its answer is kept, how it is asked, and how often. */
export type Asked<T> = Pick<QueryObserverOptions<T>, 'staleTime' | 'refetchInterval' | 'refetchOnWindowFocus' | 'structuralSharing'> & {
  enabled?: boolean
  queryKey: QueryKey
  queryFn: NonNullable<Exclude<QueryObserverOptions<T>['queryFn'], symbol>>
}
