import { api, type Agent, type AgentPlugins, type DumpOfAgent, type Run } from '../api/client'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

export const agentPageQuery = (id: string): Asked<Agent> => ({ queryKey: [...keys.agents, id, 'page'], queryFn: () => api.agent(id), refetchInterval: every(() => 10) })

/** `hurried`: somebody waits for what the agent tells next. */
export const pluginsQuery = (agent: string, hurried = false): Asked<AgentPlugins> => ({
  queryKey: [...keys.agents, agent, 'plugins'],
  queryFn: () => api.plugins(agent),
  refetchInterval: every(() => (hurried ? 2 : 15)),
})
export const dumpsQuery = (agent: string): Asked<DumpOfAgent[]> => ({
  queryKey: [...keys.agents, agent, 'dumps'],
  queryFn: async () => (await api.dumps(agent)).items,
  refetchInterval: every(() => 15),
})
const LATEST = 5
export const latestRunsQuery = (agent: string): Asked<Run[]> => ({
  queryKey: [...keys.runs, 'latest', agent],
  queryFn: async () => (await api.runs(LATEST, null, { agent_id: agent })).items,
  refetchInterval: every((runs) => (runs?.some((run) => run.status === 'running' || run.status === 'created') ? 3 : 20)),
})
/** What several machines have told of. */
export const pluginsOfQuery = (agents: readonly string[]): Asked<AgentPlugins[]> => ({
  queryKey: [...keys.agents, 'plugins-of', ...agents],
  queryFn: () => Promise.all(agents.map(api.plugins)),
})
