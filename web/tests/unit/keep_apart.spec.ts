// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import { refresh, signIn, signOut, switchTenant } from '../../src/api/session'
import { makeQueryClient } from '../../src/queries/client'
import { keepApart } from '../../src/queries/keep_apart'

afterEach(() => vi.unstubAllGlobals())

it('what one was shown is forgotten with the person and the tenant, not with their token', async () => {
  let user = { id: 'ada', email: 'ada@example.com', name: 'Ada', role: 'admin', tenant_id: 'one', tenants: [] }
  vi.stubGlobal('fetch', async (request: Request) =>
    request.url.endsWith('/logout') ? new Response(null, { status: 204 }) : new Response(JSON.stringify({ access_token: 'x', expires_in: 900, user })),
  )
  const client = makeQueryClient(() => undefined)
  const stop = keepApart(client)
  const kept = (): unknown => client.getQueryData(['secret'])
  await signIn('ada@example.com', 'pw')
  client.setQueryData(['secret'], 1)
  user = { ...user }
  await refresh()
  expect(kept()).toBe(1)
  user = { ...user, tenant_id: 'two' }
  await switchTenant('two')
  expect(kept()).toBeUndefined()
  client.setQueryData(['secret'], 2)
  await signOut()
  expect(kept()).toBeUndefined()
  client.setQueryData(['secret'], 3)
  user = { ...user, id: 'bob' }
  await signIn('bob@example.com', 'pw')
  expect(kept()).toBeUndefined()
  stop()
})
