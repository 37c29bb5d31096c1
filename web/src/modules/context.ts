import { watch, type WatchSource } from 'vue'
import type { Router } from 'vue-router'
import type { PageContext } from '../../sdk/page'
import { sessionFetch } from '../api/client'
import { ClientError } from '../api/errors'
import { readJson } from '../api/http'
import { currentUser } from '../api/session'
import { i18n, type Language } from '../i18n'
import { sentenceOf } from '../i18n/sentence'
import { notify } from '../notices'
import { theme } from '../theme'
import { apiPath } from './api_path'

/** What a module's page may use; everything in it ends with `signal`. sdk/page.d.ts says what each part does. */
export function makeContext(router: Router, page: string, signal: AbortSignal): PageContext {
  const user = currentUser.value
  if (!user?.role || !user.tenant_id) throw new ClientError('Unauthorized')

  function follow<T>(source: WatchSource<T>, changed: (value: T) => void): () => void {
    const stop = watch(source, changed)
    signal.addEventListener('abort', stop)
    return stop
  }
  /** A failure that was not the host's own refusal, as a sentence; the end of the session leads to the sign-in. */
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      if (error.kind === 'Unauthorized' && !signal.aborted) {
        void router.push({ name: 'login', query: { to: router.currentRoute.value.fullPath } })
      }
      throw new Error(sentenceOf(error), { cause: error })
    }
  }

  const fetchHere = async (path: string, init: RequestInit): Promise<Response> =>
    sessionFetch(new Request(apiPath(path, location.origin), { ...init, signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal }))

  return Object.freeze({
    fetch: (path: string, init: RequestInit = {}) => guarded(() => fetchHere(path, init)),
    json: <T>(path: string, { method, body }: { method?: string; body?: unknown } = {}) =>
      guarded(async () => {
        const content = body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
        return readJson<T>(await fetchHere(path, { method: method ?? (body === undefined ? 'GET' : 'POST'), ...content }))
      }),

    get language() {
      return i18n.global.locale.value as Language
    },
    get theme() {
      return theme.value
    },
    onLanguage: (changed: (language: Language) => void) =>
      follow(() => i18n.global.locale.value as Language, (value) => changed(value)),
    onTheme: (changed: (value: 'light' | 'dark') => void) => follow(theme, (value) => changed(value)),

    page,
    user: Object.freeze({ id: user.id, email: user.email, name: user.name }),
    role: user.role,
    tenantId: user.tenant_id,

    navigate: (path: string) => void router.push(path),
    notify: (message: string, kind: 'info' | 'error' = 'info') => notify(String(message), kind === 'error' ? 'error' : 'info'),
    signal,
  })
}
