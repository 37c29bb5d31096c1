import { keepPreviousData, useInfiniteQuery, type QueryKey } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { Page } from '../api/client'
import { every } from '../queries/client'
import { useProgress } from './useAnswer'

const MOST_AT_ONCE = 500

/** A list that the host gives in pages by cursor, the first of `size` rows. */
export interface AskedPages<T> {
  queryKey: QueryKey
  load: (limit: number, after: string | null) => Promise<Page<T>>
  size?: number
  seconds: (rows: T[]) => number
}
interface Position {
  after: string | null
  limit: number
}

/** A row that moved over the end of a page while it was read is there twice. */
const rowsOf = <T extends { id: string }>(pages: Page<T>[]): T[] => [...new Map(pages.flatMap((page) => page.items).map((row) => [row.id, row])).values()]

/**
 * The first page of a list, further ones on request, all of them for what has to see all (filter, sort, export). What is
 * shown is renewed as far as it was loaded. Another question (a filter) keeps the rows until its own are there.
 */
export function usePages<T extends { id: string }>(asked: () => AskedPages<T>) {
  const query = useInfiniteQuery(
    computed(() => {
      const { queryKey, load, size = 100, seconds } = asked()
      return {
        queryKey,
        queryFn: ({ pageParam }: { pageParam: Position }) => load(pageParam.limit, pageParam.after),
        initialPageParam: { after: null, limit: size } as Position,
        // Each as large as all before it: a long list needs few, and they stay the same when it is renewed.
        getNextPageParam: (last: Page<T>, pages: Page<T>[]): Position | null =>
          last.next ? { after: last.next, limit: Math.min(MOST_AT_ONCE, size * 2 ** (pages.length - 1)) } : null,
        refetchInterval: every<{ pages: Page<T>[] }>((data) => seconds(rowsOf(data?.pages ?? []))),
        placeholderData: keepPreviousData,
        shallow: true,
      }
    }),
  )
  const rows = computed(() => rowsOf<T>(query.data.value?.pages ?? []))

  async function loadAll(): Promise<T[]> {
    let { data, hasNextPage } = { data: query.data.value, hasNextPage: query.hasNextPage.value }
    while (hasNextPage) ({ data, hasNextPage } = await query.fetchNextPage({ throwOnError: true }))
    return rowsOf<T>(data?.pages ?? [])
  }
  return {
    rows,
    ...useProgress(query),
    busy: computed(() => query.isFetchingNextPage.value || query.isPlaceholderData.value),
    more: computed(() => query.hasNextPage.value),
    reload: async (): Promise<void> => void (await query.refetch()),
    loadMore: async (): Promise<void> => void (await query.fetchNextPage()),
    loadAll,
  }
}
