import { useQuery } from '@tanstack/vue-query'
import { computed, shallowRef, watch, type Ref } from 'vue'
import type { Asked } from '../queries/asked'

/** What of a query says whether it has been answered. */
interface Progress {
  error: Ref<Error | null>
  isPending: Ref<boolean>
  isFetched: Ref<boolean>
}

/** Loading is only what was never answered; the error of a question without an answer stays while it is asked again. */
export function useProgress({ error, isPending, isFetched }: Progress) {
  const last = shallowRef<Error | null>(null)
  watch(error, (now) => (last.value = now ?? last.value), { immediate: true, flush: 'sync' })
  return {
    loading: computed(() => isPending.value && !isFetched.value),
    error: computed(() => error.value ?? (isPending.value && isFetched.value ? last.value : null)),
  }
}

/** The host's answer to a question, kept fresh while somebody looks at it. A failure keeps what was there. */
export function useAnswer<T>(asked: () => Asked<T>) {
  const query = useQuery<T>(() => ({ ...asked(), shallow: true }))
  const reload = async (): Promise<void> => void (await query.refetch())
  return { data: query.data as Readonly<Ref<T | undefined>>, reload, ...useProgress(query) }
}
