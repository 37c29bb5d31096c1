import { ref, shallowRef, watch } from 'vue'
import { api, type ModulePage } from '../api/client'
import { currentUser } from '../api/session'

/** The pages of modules for whoever is signed in; null until they are known. */
export const modulePages = shallowRef<ModulePage[] | null>(null)
export const modulePagesError = ref<unknown>(null)

const RETRY_MS = 10_000

export async function loadModulePages(): Promise<void> {
  const asked = who()
  try {
    const { items } = await api.pages()
    if (asked === who()) modulePages.value = items
    modulePagesError.value = null
  } catch (error) {
    if (asked !== who()) return
    modulePagesError.value = error
    setTimeout(() => {
      if (asked === who() && !modulePages.value) void loadModulePages()
    }, RETRY_MS)
  }
}

/** Role and tenant decide what is listed. */
function who(): string {
  const user = currentUser.value
  return user ? `${user.id} ${user.tenant_id} ${user.role}` : ''
}

watch(
  who,
  (now) => {
    modulePages.value = null
    modulePagesError.value = null
    if (now) void loadModulePages()
  },
  { immediate: true },
)
