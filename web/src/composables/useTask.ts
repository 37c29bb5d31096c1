import { useQueryClient, type QueryKey } from '@tanstack/vue-query'
import { computed, ref, watch } from 'vue'
import { allAgentsQuery } from '../queries/lists'
import { taskToItsEndQuery } from '../queries/repository'
import { useAnswer } from './useAnswer'

/** A task that somebody started and waits for, by its id; none while that is "". What it may have changed is renewed at its end. */
export function useTask(...renewed: QueryKey[]) {
  const client = useQueryClient()
  const id = ref('')
  const { data, error, reload } = useAnswer(() => ({ ...taskToItsEndQuery(id.value), enabled: id.value !== '' }))
  const { data: agents } = useAnswer(allAgentsQuery)
  const task = computed(() => (data.value?.id === id.value ? data.value : undefined))
  const gone = computed(() => id.value !== '' && data.value === null)
  const ended = computed(() => gone.value || Boolean(task.value?.completed_at))
  watch(ended, (over) => over && renewed.forEach((queryKey) => void client.invalidateQueries({ queryKey })))
  return {
    id,
    task,
    error,
    reload,
    /** It has come to its end, whatever came of it. */
    ended,
    waits: computed(() => id.value !== '' && !ended.value),
    agentOf: (agent: string) => agents.value?.find((one) => one.id === agent),
  }
}
