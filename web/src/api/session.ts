import { computed, ref } from 'vue'
import { ApiError, ClientError } from './errors'
import type { components } from './schema'

export type User = components['schemas']['CurrentUser']
type TokenAnswer = components['schemas']['TokenAnswer']

/** Only in memory: what a script could read from storage, it could also send away. */
const accessToken = ref('')
const user = ref<User | null>(null)
let expiresAt = 0
let refreshing: Promise<boolean> | null = null

export const currentUser = computed(() => user.value)
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

export async function signIn(email: string, password: string): Promise<void> {
  const response = await post('login', { email, password })
  if (!response.ok) {
    const error = await response.json().catch(() => null)
    if (!error) throw new ClientError('ServerError', response.headers.get('X-Request-Id') ?? '')
    throw new ApiError(error.error, error.message, response.status, error.details ?? [])
  }
  take((await response.json()) as TokenAnswer)
}

/** A new access token from the cookie; false if there is no session. One at a time for all callers. */
export function refresh(): Promise<boolean> {
  refreshing ??= (async () => {
    try {
      const response = await post('refresh', {})
      if (response.status === 401 || response.status === 400) {
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
