import type { Agent } from '../api/client'

/** For choices: whoever answers stands above the others, each by name. */
export const onlineFirst = <T extends Pick<Agent, 'status' | 'hostname'>>(agents: readonly T[]): T[] =>
  [...agents].sort((a, b) => Number(b.status === 'online') - Number(a.status === 'online') || a.hostname.localeCompare(b.hostname))
