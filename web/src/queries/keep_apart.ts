import type { QueryClient } from '@tanstack/vue-query'
import { watch } from 'vue'
import { currentUser } from '../api/session'

/** Nobody sees what another person, or the same one in another tenant, was shown. */
export function keepApart(client: QueryClient): () => void {
  return watch(
    () => `${currentUser.value?.id} ${currentUser.value?.tenant_id}`,
    () => client.clear(),
    { flush: 'sync' },
  )
}
