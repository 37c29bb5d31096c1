// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { api } from '../../src/api/client'
import type { ClientErrorKind } from '../../src/api/errors'
import de from '../../src/i18n/de'
import en from '../../src/i18n/en'

const session = () => Response.json({ access_token: 'a', expires_in: 900, user: { id: 'u', email: 'e@example.com', role: 'admin', tenant_id: 't' } })
/** What a call meets when the server answers it like this; the session is renewed without trouble. */
async function kindOf(answer: () => Response, renewed = session): Promise<string> {
  vi.stubGlobal('fetch', async (asked: string | Request) => ((typeof asked === 'string' ? asked : asked.url).endsWith('/auth/refresh') ? renewed() : answer()))
  return api.agents(1).then(
    () => 'no error',
    (error) => (error as { kind: string }).kind,
  )
}
afterEach(() => vi.unstubAllGlobals())

describe('the five errors of the page', () => {
  it('are told apart', async () => {
    expect(await kindOf(() => Response.json({ items: [] }))).toBe('no error')
    expect(
      await kindOf(() => {
        throw new TypeError('no network')
      }),
    ).toBe('NetworkError')
    expect(await kindOf(() => Response.json({ error: 'InternalError', message: 'm' }, { status: 500 }))).toBe('ServerError')
    expect(await kindOf(() => new Response('<html></html>', { status: 502 }))).toBe('ServerError')
    expect(await kindOf(() => new Response('<html></html>', { status: 200 }))).toBe('InvalidResponse')
    expect(await kindOf(() => Response.json({ error: 'RateLimitExceeded', message: 'm' }, { status: 429 }))).toBe('RateLimited')
    expect(
      await kindOf(
        () => Response.json({ error: 'InvalidToken', message: 'm' }, { status: 401 }),
        () => Response.json({ error: 'InvalidToken', message: 'm' }, { status: 401 }),
      ),
    ).toBe('Unauthorized')
  })

  it('have a sentence each, in both languages', () => {
    const kinds: ClientErrorKind[] = ['NetworkError', 'Unauthorized', 'ServerError', 'InvalidResponse', 'RateLimited']
    for (const texts of [de, en]) expect(new Set(kinds.map((kind) => (texts.error as Record<string, string>)[kind])).size).toBe(5)
  })
})
