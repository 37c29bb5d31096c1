import { onBeforeUnmount, onMounted, ref } from 'vue'
import { useRouter } from 'vue-router'
import { ClientError, isMissing } from '../api/errors'

/**
 * Loads now and then every `seconds`, not while the page is hidden; the next load begins after the last one
 * ended. A failed load keeps what was there and tries again, until `reload` where there is nothing (404); a session that
 * ended leads to the sign-in.
 */
export function usePolling(load: () => Promise<void>, seconds: () => number) {
  const loading = ref(true)
  const error = ref<unknown>(null)
  const router = useRouter()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  let left = false

  async function run(): Promise<void> {
    clearTimeout(timer)
    try {
      await load()
      error.value = null
    } catch (problem) {
      error.value = problem
      if (problem instanceof ClientError && problem.kind === 'Unauthorized') {
        stopped = true
        void router.push({ name: 'login', query: { to: router.currentRoute.value.fullPath } })
      }
      if (isMissing(problem)) stopped = true
    } finally {
      loading.value = false
    }
    const next = seconds()
    if (!stopped && next > 0 && !document.hidden) timer = setTimeout(run, next * 1000)
  }
  const onVisible = (): void => {
    if (!document.hidden && !stopped) void run()
  }
  onMounted(() => {
    document.addEventListener('visibilitychange', onVisible)
    void run()
  })
  onBeforeUnmount(() => {
    left = stopped = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', onVisible)
  })
  const reload = (): Promise<void> => {
    if (!left) stopped = false
    return run()
  }
  return { loading, error, reload }
}
