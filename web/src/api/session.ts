import { computed, ref } from 'vue'
import { ApiError, ClientError } from './errors'
import type { components } from './schema'

export type User = components['schemas']['CurrentUser']
export type InvitationOffer = components['schemas']['InvitationOffer']
type TokenAnswer = components['schemas']['TokenAnswer']

/** Only in memory: what a script could read from storage, it could also send away. */
const accessToken = ref('')
const user = ref<User | null>(null)
let expiresAt = 0
let refreshing: Promise<boolean> | null = null

export const currentUser = computed(() => user.value)
export const currentTenant = computed(() => user.value?.tenants.find((tenant) => tenant.id === user.value?.tenant_id) ?? null)
export const signedIn = computed(() => accessToken.value !== '')

function take(answer: TokenAnswer): void {
  accessToken.value = answer.access_token
  user.value = answer.user
  expiresAt = Date.now() + answer.expires_in * 1000
}

function forget(): void {
  accessToken.value = ''
  user.value = null
}

async function post(path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(`/api/v1/auth/${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(accessToken.value ? { Authorization: `Bearer ${accessToken.value}` } : {}),
      },
      body: JSON.stringify(body),
    })
  } catch {
    throw new ClientError('NetworkError')
  }
}

/** Takes a sign-in's answer; throws what the host refused with. */
async function enter(path: string, body: unknown): Promise<void> {
  const response = await post(path, body)
  if (!response.ok) {
    const error = await response.json().catch(() => null)
    if (response.status === 429) throw new ClientError('RateLimited', response.headers.get('X-Request-Id') ?? '')
    if (!error) throw new ClientError('ServerError', response.headers.get('X-Request-Id') ?? '')
    throw new ApiError(error.error, error.message, response.status, error.details ?? [])
  }
  take((await response.json()) as TokenAnswer)
}

/** With `tenant` where the person belongs to several and has chosen none. */
export const signIn = (email: string, password: string, tenant?: string): Promise<void> =>
  enter('login', { email, password, ...(tenant ? { tenant_id: tenant } : {}) })

/** Makes another of the person's tenants the active one: in this window, and where they sign in next. */
export async function switchTenant(tenant: string): Promise<void> {
  await token()
  await enter('switch', { tenant_id: tenant })
}

/** Becomes a member: as who is signed in, or as a new account with that password. */
export async function acceptInvitation(invitation: string, password?: string): Promise<void> {
  if (password === undefined) await token()
  await enter('invitations/accept', { token: invitation, ...(password === undefined ? {} : { password }) })
}

/** What an invitation invites to. */
export async function lookAtInvitation(invitation: string): Promise<InvitationOffer> {
  const response = await post('invitations/look', { token: invitation })
  const answer = await response.json().catch(() => null)
  if (!response.ok) {
    if (!answer) throw new ClientError('ServerError', response.headers.get('X-Request-Id') ?? '')
    throw new ApiError(answer.error, answer.message, response.status, answer.details ?? [])
  }
  return answer as InvitationOffer
}

/** A new access token from the cookie; false if there is no session. One at a time for all callers. */
export function refresh(): Promise<boolean> {
  refreshing ??= (async () => {
    try {
      // This window stays in its tenant, wherever another one has gone.
      const tenant = user.value?.tenant_id
      const response = await post('refresh', tenant ? { tenant_id: tenant } : {})
      if (response.status === 401 || response.status === 400 || response.status === 403) {
        forget()
        return false
      }
      if (!response.ok) throw new ClientError('ServerError', response.headers.get('X-Request-Id') ?? '')
      take((await response.json()) as TokenAnswer)
      return true
    } finally {
      refreshing = null
    }
  })()
  return refreshing
}

export async function signOut(): Promise<void> {
  await post('logout', {}).catch(() => undefined)
  forget()
}

/** A token that is good for another half minute. */
export async function token(): Promise<string> {
  if (!accessToken.value || Date.now() > expiresAt - 30_000) {
    if (!(await refresh())) throw new ClientError('Unauthorized')
  }
  return accessToken.value
}
