import { computed, ref, shallowRef } from 'vue'
import type { Page } from '../api/client'
import { usePolling } from './usePolling'

const MOST_AT_ONCE = 500

/**
 * A list that the host gives in pages by cursor: the first page, further ones on request, all of them for what has to
 * see all (filter, sort, export). What is shown is renewed every `seconds`, as far as it was loaded.
 */
export function usePages<T extends { id: string }>(
  load: (limit: number, after: string | null) => Promise<Page<T>>,
  { size = 100, seconds }: { size?: number; seconds: (rows: T[]) => number },
) {
  const rows = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const busy = ref(false)
  const failure = ref<unknown>(null)
  /** Answers to a question that is no longer asked (another filter) are dropped. */
  let question = 0

  async function take(count: number, after: string | null): Promise<{ items: T[]; next: string | null }> {
    const items: T[] = []
    let from = after
    do {
      const page: Page<T> = await load(Math.min(MOST_AT_ONCE, Math.max(size, count - items.length)), from)
      items.push(...page.items)
      from = page.next ?? null
    } while (from && items.length < count)
    return { items, next: from }
  }
  const once = (items: T[]): T[] => [...new Map(items.map((item) => [item.id, item])).values()]

  const { loading, error, reload } = usePolling(
    async () => {
      if (busy.value) return
      const asked = question
      const fresh = await take(Math.max(size, rows.value.length), null)
      if (asked !== question || busy.value) return
      rows.value = once(fresh.items)
      next.value = fresh.next
    },
    () => seconds(rows.value),
  )

  async function extend(count: number): Promise<void> {
    if (!next.value || busy.value) return
    const asked = question
    busy.value = true
    failure.value = null
    try {
      const more = await take(count, next.value)
      if (asked !== question) return
      rows.value = once([...rows.value, ...more.items])
      next.value = more.next
    } catch (problem) {
      failure.value = problem
      throw problem
    } finally {
      busy.value = false
    }
  }
  /** Begins anew, for another filter. */
  async function restart(): Promise<void> {
    question += 1
    rows.value = []
    next.value = null
    loading.value = true
    await reload()
  }
  return {
    rows,
    loading,
    busy,
    more: computed(() => next.value !== null),
    error: computed(() => failure.value ?? error.value),
    reload,
    restart,
    loadMore: () => extend(size).catch(() => undefined),
    loadAll: () => extend(Infinity),
  }
}
