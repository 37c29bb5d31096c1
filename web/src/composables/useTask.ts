import { computed, ref } from 'vue'
import { allAgentsQuery } from '../queries/lists'
import { taskToItsEndQuery } from '../queries/repository'
import { useAnswer } from './useAnswer'

/** A task that somebody started and waits for, by its id; none while that is "". */
export function useTask() {
  const id = ref('')
  const { data, error, reload } = useAnswer(() => ({ ...taskToItsEndQuery(id.value), enabled: id.value !== '' }))
  const { data: agents } = useAnswer(allAgentsQuery)
  const task = computed(() => (data.value?.id === id.value ? data.value : undefined))
  const gone = computed(() => id.value !== '' && data.value === null)
  const ended = computed(() => gone.value || Boolean(task.value?.completed_at))
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
