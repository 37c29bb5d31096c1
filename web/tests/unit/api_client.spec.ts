// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api, sessionFetch } from '../../src/api/client'
import { ApiError, ClientError } from '../../src/api/errors'
import { readJson } from '../../src/api/http'
import { signOut } from '../../src/api/session'

/** A host with sessions: tokens count up, and `answers` says what everything else gets. */
let tokens = 0
let session = true
let answers: (request: Request) => Response | Promise<Response>
let asked: { method: string; url: string; token: string | null; type: string | null; body: string }[] = []

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers })
const user = { id: 'u', email: 'a@example.org', name: 'A', role: 'admin', tenant_id: 't', tenants: [] }

beforeEach(() => {
  tokens = 0
  session = true
  asked = []
  answers = () => json(200, { items: [], next: null })
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname
    if (path.endsWith('/auth/refresh')) {
      return session ? json(200, { access_token: `token ${++tokens}`, expires_in: 900, user }) : json(401, { error: 'InvalidToken', message: 'over' })
    }
    if (path.endsWith('/auth/logout')) return new Response(null, { status: 204 })
    asked.push({ method: request.method, url: request.url, token: request.headers.get('Authorization'), type: request.headers.get('Content-Type'), body: await request.text() })
    return answers(request)
  })
})
afterEach(async () => {
  await signOut()
  vi.unstubAllGlobals()
})
const failure = (call: Promise<unknown>): Promise<unknown> => call.then(() => undefined, (problem: unknown) => problem)

describe('calls of the host', () => {
  it('have their parameters where the API declares them, and JSON only with a body', async () => {
    await api.runs(50, null, { status: 'failed', policy_id: undefined })
    await api.link('a/b', 'p')
    await api.registrationToken()
    expect(asked.map(({ method, url }) => `${method} ${url.slice(location.origin.length)}`)).toEqual([
      'GET /api/v1/restic/backup-runs?limit=50&status=failed',
      'PUT /api/v1/restic/agents/a%2Fb/policies/p',
      'POST /api/v1/restic/agents/registration-tokens',
    ])
    expect(asked.map((one) => one.body)).toEqual(['', '', '{}'])
    expect(asked.map((one) => one.type)).toEqual([null, null, 'application/json'])
  })
  it('renew a token that has ended and are sent once more, with their body', async () => {
    answers = (request) => (request.headers.get('Authorization') === 'Bearer token 1' ? json(401, { error: 'InvalidToken', message: 'ended' }) : json(202, { id: 't', status: 'queued' }))
    expect(await api.startTask({ type: 'check', repository_id: 'r' })).toEqual({ id: 't', status: 'queued' })
    expect(asked.map((one) => one.token)).toEqual(['Bearer token 1', 'Bearer token 2'])
    expect(asked.map((one) => JSON.parse(one.body))).toEqual([{ type: 'check', repository_id: 'r' }, { type: 'check', repository_id: 'r' }])
  })
  it('end with the session', async () => {
    await api.status().catch(() => undefined)
    answers = () => {
      session = false
      return json(401, { error: 'InvalidToken', message: 'ended' })
    }
    expect(await failure(api.status())).toMatchObject({ kind: 'Unauthorized' })
  })
  it('throw what the host refused in its own words, and what it could not say as one of five kinds', async () => {
    answers = () => json(400, { error: 'ValidationError', message: 'no', details: [{ pointer: '/name', message: 'is required' }] })
    const refused = await failure(api.createPolicy({} as never))
    expect(refused).toBeInstanceOf(ApiError)
    expect(refused).toMatchObject({ name: 'ValidationError', status: 400, details: [{ pointer: '/name', message: 'is required' }] })

    const kinds: [() => Response | Promise<Response>, string][] = [
      [() => json(429, { error: 'TooManyRequests', message: 'slow' }), 'RateLimited'],
      [() => json(503, { error: 'Busy', message: 'no' }, { 'X-Request-Id': 'r1' }), 'ServerError'],
      [() => json(404, '<html>', {}), 'ServerError'],
      [() => json(200, '<html>'), 'InvalidResponse'],
      [() => json(200, ''), 'InvalidResponse'],
      [() => Promise.reject(new TypeError('failed to fetch')), 'NetworkError'],
    ]
    for (const [answer, kind] of kinds) {
      answers = answer
      expect(await failure(api.status()), kind).toMatchObject({ kind })
    }
    answers = kinds[1]![0]
    expect(await failure(api.status())).toMatchObject({ requestId: 'r1' })
  })
  it('answer nothing where there is nothing to answer', async () => {
    answers = () => new Response(null, { status: 204 })
    expect(await api.removePolicy('p')).toBeUndefined()
  })
})

describe('calls that the types do not know', () => {
  it('read and fail alike', async () => {
    const call = () => sessionFetch(new Request(`${location.origin}/api/v1/sites`)).then(readJson)
    answers = () => json(200, [1])
    expect(await call()).toEqual([1])
    answers = () => json(409, { error: 'SiteAlreadyExists', message: 'There is one.' })
    expect(await failure(call())).toMatchObject({ name: 'SiteAlreadyExists' })
    answers = () => json(200, '<html>')
    expect(await failure(call())).toBeInstanceOf(ClientError)
  })
})
