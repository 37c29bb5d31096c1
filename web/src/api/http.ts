import createClient from 'openapi-fetch'
import { ApiError, ClientError } from './errors'
import type { paths } from './schema'

/** `fetch`, whose failures to reach anybody are a ClientError; an aborted request throws what `fetch` threw. */
export async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    if (request.signal.aborted) throw error
    throw new ClientError('NetworkError')
  }
}

/** What the host refused is an ApiError in its own words, everything else a ClientError. */
async function failureOf(response: Response): Promise<ApiError | ClientError> {
  const requestId = response.headers.get('X-Request-Id') ?? ''
  if (response.status === 429) return new ClientError('RateLimited', requestId)
  const answer = await response.json().catch(() => undefined)
  if (response.status >= 500 || !answer?.error) return new ClientError('ServerError', requestId)
  return new ApiError(answer.error, answer.message, response.status, Array.isArray(answer.details) ? answer.details : [])
}

/** The host's API as its generated types declare it, sent by `via`; what `answerOf` awaits throws for every failure. */
export function makeClient(via: (request: Request) => Promise<Response>) {
  const client = createClient<paths>({ baseUrl: location.origin, fetch: via })
  client.use({
    async onResponse({ response }) {
      if (!response.ok) throw await failureOf(response)
    },
  })
  return client
}

/** What the host answered; undefined for 204. */
export async function answerOf<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  try {
    const { data, response } = await call
    if (data === undefined && response.status !== 204) throw new ClientError('InvalidResponse')
    return data as T
  } catch (problem) {
    if (problem instanceof SyntaxError) throw new ClientError('InvalidResponse')
    // The way broke off within the answer.
    if (problem instanceof TypeError) throw new ClientError('NetworkError')
    throw problem
  }
}

/** What the host answered, and which version of it that is: for If-Match, by which a change says what it changes. */
export interface Versioned<T> {
  value: T
  version: string
}
export async function versionedAnswerOf<T>(call: Promise<{ data?: T; response: Response }>): Promise<Versioned<T>> {
  const value = await answerOf(call)
  const version = (await call).response.headers.get('ETag')
  if (!version) throw new ClientError('InvalidResponse')
  return { value, version }
}

/** Reads an answer of a route that the generated types do not know: one of a module's own. */
export async function readJson<T>(response: Response): Promise<T> {
  if (!response.ok) throw await failureOf(response)
  return answerOf<T>(
    (async () => {
      const text = await response.text()
      return { response, ...(text ? { data: JSON.parse(text) as T } : {}) }
    })(),
  )
}
