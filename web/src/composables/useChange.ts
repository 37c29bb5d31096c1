import { useMutation, useQueryClient, type QueryKey } from '@tanstack/vue-query'
import { computed } from 'vue'

/** Changes something at the host, then renews what it may have changed, whether it succeeded or not. */
export function useChange(...renewed: QueryKey[]) {
  const client = useQueryClient()
  const { mutateAsync, error, isPending, reset } = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSettled: () => Promise.all(renewed.map((queryKey) => client.invalidateQueries({ queryKey }))),
    shallow: true,
  })
  return {
    /** Answers whether it succeeded; why not is in `failure`. */
    change: (work: () => Promise<unknown>): Promise<boolean> => mutateAsync(work).then(() => true, () => false),
    failure: computed(() => error.value),
    busy: isPending,
    forget: reset,
  }
}
