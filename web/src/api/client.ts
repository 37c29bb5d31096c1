import { ApiError, ClientError } from './errors'
import type { components } from './schema'
import { refresh, token } from './session'

type Schemas = components['schemas']
export type Agent = Schemas['Agent']
export type Policy = Schemas['Policy']
export type PolicyInput = Schemas['PolicyInput']
export type Repository = Schemas['Repository']
export type RepositoryInput = Schemas['RepositoryInput']
export type Run = Schemas['BackupRun']
export type Task = Schemas['Task']
export type TaskInput = Schemas['TaskInput']
export type TaskFailure = Schemas['TaskFailure']
export type Maintenance = Schemas['Maintenance']
export type MaintenanceKind = Maintenance['kind']
export type TargetStatus = Schemas['TargetStatus']
export type LogLine = Schemas['LogLine']
export type RegistrationToken = Schemas['RegistrationToken']
export type OpenRegistrationToken = Schemas['OpenRegistrationToken']
export type Member = Schemas['User']
export type Invitation = Schemas['Invitation']
export type InvitedUser = Schemas['InvitedUser']
export type ApiToken = Schemas['ApiToken']
export type ModulePage = Schemas['ModulePage']

export interface Page<T> {
  items: T[]
  next: string | null
}

/**
 * `fetch` with the session: a token that has ended is renewed and the request sent once more. Throws ClientError for the
 * network and for a session that has ended, and what `fetch` threw for an aborted request.
 */
export async function sessionFetch(path: string, init: RequestInit = {}, retried = false): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Authorization', `Bearer ${await token()}`)
  let response: Response
  try {
    response = await fetch(path, { ...init, headers })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ClientError('NetworkError')
  }
  if (response.status === 401) {
    if (!retried && (await refresh())) return sessionFetch(path, init, true)
    throw new ClientError('Unauthorized')
  }
  return response
}

/** Sends and reads JSON; throws ApiError for what the host refused, and ClientError for everything else. */
export async function callJson<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await sessionFetch(path, {
    method,
    ...(signal ? { signal } : {}),
    ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const requestId = response.headers.get('X-Request-Id') ?? ''
  if (response.status === 429) throw new ClientError('RateLimited', requestId)
  if (response.status === 204) return undefined as T
  const answer = await response.json().catch(() => undefined)
  if (response.ok) {
    if (answer === undefined) throw new ClientError('InvalidResponse', requestId)
    return answer as T
  }
  if (response.status >= 500 || !answer?.error) throw new ClientError('ServerError', requestId)
  throw new ApiError(answer.error, answer.message, response.status, Array.isArray(answer.details) ? answer.details : [])
}

const call = <T>(method: string, path: string, body?: unknown): Promise<T> => callJson<T>(method, `/api/v1${path}`, body)

/** Everything of a list, page by page. */
export async function all<T>(page: (after?: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let after: string | null = null
  do {
    const next: Page<T> = await page(after)
    items.push(...next.items)
    after = next.next
  } while (after)
  return items
}

const query = (parameters: Record<string, string | number | undefined | null>): string => {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `?${text}` : ''
}

const startTask = (input: TaskInput): Promise<{ id: string; status: string }> => call('POST', '/restic/tasks', input)

export const api = {
  users: (after?: string | null) => call<Page<Member>>('GET', `/users${query({ limit: 100, after })}`),
  invite: (email: string, role: string) => call<InvitedUser>('POST', '/users', { email, role }),
  changeUser: (id: string, change: { role?: Member['role']; active?: boolean; password?: string }) => call<Member>('PUT', `/users/${id}`, change),
  confirmUser: (id: string) => call<Member>('POST', `/users/${id}/confirm`),
  removeUser: (id: string) => call<void>('DELETE', `/users/${id}`),
  invitations: (after?: string | null) => call<Page<Invitation>>('GET', `/invitations${query({ limit: 100, after })}`),
  withdraw: (id: string) => call<void>('DELETE', `/invitations/${id}`),
  tokens: (after?: string | null) => call<Page<ApiToken>>('GET', `/tokens${query({ limit: 100, after })}`),
  revokeToken: (id: string) => call<void>('DELETE', `/tokens/${id}`),
  changePassword: (current: string, wanted: string) => call<void>('POST', '/auth/password', { current, new: wanted }),
  pages: () => call<Page<ModulePage>>('GET', '/pages'),
  status: () => call<TargetStatus[]>('GET', '/restic/status'),
  agents: (limit: number, after?: string | null) => call<Page<Agent>>('GET', `/restic/agents${query({ limit, after })}`),
  agent: (id: string) => call<Agent>('GET', `/restic/agents/${id}`),
  registrationTokens: (after?: string | null) => call<Page<OpenRegistrationToken>>('GET', `/restic/agents/registration-tokens${query({ limit: 100, after })}`),
  revokeRegistrationToken: (id: string) => call<void>('DELETE', `/restic/agents/registration-tokens/${id}`),
  registrationToken: () => call<RegistrationToken>('POST', '/restic/agents/registration-tokens', {}),
  policies: (limit: number, after?: string | null) => call<Page<Policy>>('GET', `/restic/policies${query({ limit, after })}`),
  createPolicy: (input: PolicyInput) => call<Policy>('POST', '/restic/policies', input),
  preview: (schedule: string, timezone: string) =>
    call<{ next: string[] }>('POST', '/restic/policies/preview', { schedule, timezone, count: 3 }),
  link: (agent: string, policy: string) => call<void>('PUT', `/restic/agents/${agent}/policies/${policy}`),
  unlink: (agent: string, policy: string) => call<void>('DELETE', `/restic/agents/${agent}/policies/${policy}`),
  removePolicy: (id: string) => call<void>('DELETE', `/restic/policies/${id}`),
  repositories: (after?: string | null, limit = 500) => call<Page<Repository>>('GET', `/restic/repositories${query({ limit, after })}`),
  repository: (id: string) => call<Repository>('GET', `/restic/repositories/${id}`),
  unlock: (id: string) => call<{ id: string }>('POST', `/restic/repositories/${id}/unlock`),
  startAnew: (id: string, agent?: string) => call<void>('POST', `/restic/repositories/${id}/start-anew`, agent ? { agent_id: agent } : {}),
  createRepository: (input: RepositoryInput) => call<Repository>('POST', '/restic/repositories', input),
  backUp: (agent: string, policy: string) =>
    startTask({ type: 'backup', agent_id: agent, policy_id: policy }),
  startTask,
  cancelTask: (id: string) => call<{ id: string }>('DELETE', `/restic/tasks/${id}`),
  runs: (limit: number, after?: string | null, filter: { policy_id?: string; agent_id?: string; status?: string } = {}) =>
    call<Page<Run>>('GET', `/restic/backup-runs${query({ limit, after, ...filter })}`),
  run: (id: string) => call<Run>('GET', `/restic/backup-runs/${id}`),
  task: (id: string) => call<Task>('GET', `/restic/tasks/${id}`),
  log: (id: string, after: number) => call<{ items: LogLine[]; next: number | null }>('GET', `/restic/tasks/${id}/logs?after=${after}&limit=5000`),
  cancel: (id: string) => call<{ id: string }>('POST', `/restic/backup-runs/${id}/cancel`),
  retry: (id: string) => call<{ id: string }>('POST', `/restic/tasks/${id}/retry`),
}
