import { useQueryClient } from '@tanstack/vue-query'
import { computed, ref, watch } from 'vue'
import { api } from '../api/client'
import { keys } from '../queries/keys'
import { targetQuery } from '../queries/targets'
import { hasLookedSince, probeOf } from '../utils/targets'
import { useAnswer } from './useAnswer'
import { useChange } from './useChange'

/** A target, and looks at it that somebody asks for and waits for. */
export function useLook(id: () => string) {
  const client = useQueryClient()
  const looking = ref(false)
  const { data: view, loading, error, reload } = useAnswer(() => targetQuery(id(), looking.value))
  const { change, failure, forget } = useChange(keys.status)
  const probe = computed(() => probeOf(view.value?.target, 'snapshots'))
  let before: string | null | undefined
  watch(view, () => {
    if (looking.value && hasLookedSince(probe.value, before)) looking.value = false
  })
  // What a look found is told by these as well.
  watch(
    () => [...(view.value?.target.probes ?? [])].map((one) => one.checked_at ?? '').join(),
    (_, earlier) => {
      if (!earlier) return
      const repository = view.value?.target.repository_id
      for (const queryKey of [[...keys.targets, id(), 'checks'], ...(repository ? [[...keys.repositories, repository]] : [])]) void client.invalidateQueries({ queryKey })
    },
  )
  watch(id, () => {
    looking.value = false
    forget()
  })

  /** Waits for what is under way already. */
  function wait(): void {
    before = probe.value?.checked_at
    looking.value = true
  }
  /** Asks for a look. Answers the agent's task, where an agent looks. */
  async function look(): Promise<string | null> {
    const shown = view.value
    if (!shown) return null
    let task: string | null | undefined
    if (shown.target.mode === 'direct') wait()
    if (!(await change(async () => (task = (await api.lookAt(shown.target.name)).task_id)))) looking.value = false
    await reload()
    return task ?? null
  }
  return { view, loading, error: computed(() => failure.value ?? error.value), reload, looking, wait, look }
}
