import { api, type LogLine, type Page, type Run, type Task } from '../api/client'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

export interface RunView {
  run: Run
  task: Task
}
export const isOpen = (view: RunView | undefined): boolean => !view || !['success', 'warning', 'failed', 'cancelled'].includes(view.task.status)

export const runQuery = (id: string): Asked<RunView> => ({
  queryKey: [...keys.runs, id],
  queryFn: async () => {
    const [run, task] = await Promise.all([api.run(id), api.task(id)])
    return { run, task }
  },
  refetchInterval: every((view) => (isOpen(view) ? 1 : 0)),
})

export interface Log {
  lines: LogLine[]
  /** Where it goes on: lines of an older attempt that come late shift nothing. */
  next: number
  /** How often it was looked at since the run has ended; its lines may come late, or there are none. */
  looks: number
}
const LOOKS = 3

/** A run's log as far as it was sent; asking again adds what is new. */
export const logQuery = (id: string): Asked<Log> => {
  const queryKey = [...keys.runs, id, 'log']
  return {
    queryKey,
    queryFn: async ({ client }) => {
      const before = client.getQueryData<Log>(queryKey) ?? { lines: [], next: 0, looks: 0 }
      const ended = !isOpen(client.getQueryData<RunView>(runQuery(id).queryKey))
      const fresh: LogLine[] = []
      let from = before.next
      // The end of a log is what people come for: all pages, however many.
      for (;;) {
        const page = await api.log(id, from)
        fresh.push(...page.items)
        if (!page.items.length || !page.next || page.next <= from) break
        from = page.next
      }
      const lines = fresh.length ? before.lines.concat(fresh) : before.lines
      return { lines, next: from, looks: ended ? before.looks + 1 : 0 }
    },
    // Nothing of thousands of lines is to be compared.
    structuralSharing: false,
    refetchInterval: every((log) => (!log || log.looks === 0 ? 1 : log.lines.length === 0 && log.looks < LOOKS ? 5 : 0)),
  }
}

const DAYS_MS = 31 * 86_400_000

/** The runs of a policy on one machine in the last month, newest first. */
export const monthQuery = (policy: string, agent: string): Asked<Run[]> => ({
  queryKey: [...keys.runs, 'month', policy, agent],
  queryFn: async () => {
    const since = new Date(Date.now() - DAYS_MS).toISOString()
    const runs: Run[] = []
    let after: string | null | undefined = null
    do {
      const page: Page<Run> = await api.runs(500, after, { policy_id: policy, agent_id: agent })
      runs.push(...page.items)
      after = page.next
    } while (after && runs.at(-1)!.start_time > since)
    return runs
  },
  staleTime: 60_000,
})
