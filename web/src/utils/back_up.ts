import { api, type Policy } from '../api/client'

/** What became of "Back up now": as many tasks as agents follow the policy. */
export interface Started {
  tasks: string[]
  refused: { hostname: string; reason: unknown }[]
}

interface Followed {
  id: string
  agents: Pick<Policy['agents'][number], 'agent_id' | 'hostname'>[]
}
export async function backUpEverywhere(policy: Followed, start = api.backUp): Promise<Started> {
  const results = await Promise.allSettled(policy.agents.map((agent) => start(agent.agent_id, policy.id)))
  const answer: Started = { tasks: [], refused: [] }
  results.forEach((result, index) => {
    if (result.status === 'fulfilled') answer.tasks.push(result.value.id)
    else answer.refused.push({ hostname: policy.agents[index]!.hostname, reason: result.reason })
  })
  return answer
}
