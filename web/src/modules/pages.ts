import { computed } from 'vue'
import { api, type ModulePage } from '../api/client'
import { currentUser } from '../api/session'
import { useAnswer } from '../composables/useAnswer'
import type { Asked } from '../queries/asked'
import { every } from '../queries/client'
import { keys } from '../queries/keys'

const RETRY_SECONDS = 10

/** They stay as they are while the host runs; role and tenant decide what is listed. */
const modulePagesQuery = (who: string): Asked<ModulePage[]> => ({
  queryKey: [...keys.modulePages, who],
  queryFn: async () => (await api.pages()).items,
  enabled: who !== '',
  staleTime: Infinity,
  refetchOnWindowFocus: false,
  refetchInterval: every((pages) => (pages ? 0 : RETRY_SECONDS)),
})

/** The pages of modules for whoever is signed in; undefined until they are known. */
export function useModulePages() {
  const who = computed(() => (currentUser.value ? `${currentUser.value.id} ${currentUser.value.tenant_id} ${currentUser.value.role}` : ''))
  return useAnswer(() => modulePagesQuery(who.value))
}
