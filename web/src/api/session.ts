import { computed, ref } from 'vue'
import { ApiError, ClientError } from './errors'
import { answerOf, makeClient, send } from './http'
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

/** Without a session's renewal: these calls make and end sessions. */
const host = makeClient((request) => {
  if (accessToken.value) request.headers.set('Authorization', `Bearer ${accessToken.value}`)
  return send(request)
})

/** With `tenant` where the person belongs to several and has chosen none. */
export async function signIn(email: string, password: string, tenant?: string): Promise<void> {
  take(await answerOf(host.POST('/api/v1/auth/login', { body: { email, password, ...(tenant ? { tenant_id: tenant } : {}) } })))
}

/** Makes another of the person's tenants the active one: in this window, and where they sign in next. */
export async function switchTenant(tenant: string): Promise<void> {
  await token()
  take(await answerOf(host.POST('/api/v1/auth/switch', { body: { tenant_id: tenant } })))
}

/** Becomes a member: as who is signed in, or as a new account with that password. */
export async function acceptInvitation(invitation: string, password?: string): Promise<void> {
  if (password === undefined) await token()
  const body = { token: invitation, ...(password === undefined ? {} : { password }) }
  take(await answerOf(host.POST('/api/v1/auth/invitations/accept', { body })))
}

/** What an invitation invites to. */
export const lookAtInvitation = (invitation: string): Promise<InvitationOffer> =>
  answerOf(host.POST('/api/v1/auth/invitations/look', { body: { token: invitation } }))

/** A new access token from the cookie; false if there is no session. One at a time for all callers. */
export function refresh(): Promise<boolean> {
  refreshing ??= (async () => {
    try {
      // This window stays in its tenant, wherever another one has gone.
      const tenant = user.value?.tenant_id
      take(await answerOf(host.POST('/api/v1/auth/refresh', { body: tenant ? { tenant_id: tenant } : {} })))
      return true
    } catch (problem) {
      if (!(problem instanceof ApiError) || ![400, 401, 403].includes(problem.status)) throw problem
      forget()
      return false
    } finally {
      refreshing = null
    }
  })()
  return refreshing
}

export async function signOut(): Promise<void> {
  await host.POST('/api/v1/auth/logout').catch(() => undefined)
  forget()
}

/** A token that is good for another half minute. */
export async function token(): Promise<string> {
  if (!accessToken.value || Date.now() > expiresAt - 30_000) {
    if (!(await refresh())) throw new ClientError('Unauthorized')
  }
  return accessToken.value
}
