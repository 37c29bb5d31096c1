/**
 * What a module's page gets from the web application, and what it gives: the page's entry is an ES module that
 * exports `mount`. docs/module-sdk.md has the contract in words.
 */

/** Shows the page in `element`, which is empty and in the document. What it throws is shown there as a sentence. */
export type Mount = (element: HTMLElement, context: PageContext) => Unmount | void | Promise<Unmount | void>

/** Called once, when the page is left; the element is emptied afterwards. */
export type Unmount = () => void

export type Language = 'en' | 'de'
export type Theme = 'light' | 'dark'
export type Role = 'viewer' | 'operator' | 'admin'

export interface PageContext {
  /**
   * `fetch` with the session: paths of this host's API only, as "/api/v1/…". An access token that has ended is renewed
   * and the request sent again; a session that has ended leads to the sign-in and rejects. Ends with `signal`.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /**
   * The same for JSON: sends `body`, if there is one, and returns what the host answered (undefined for 204). An error of
   * the host rejects with its sentence as `message`, and with `name`, `status` and `details`.
   */
  json<T = unknown>(path: string, options?: JsonOptions): Promise<T>

  /** The language that is shown now. */
  readonly language: Language
  /** The theme that is shown now; its colours are custom properties such as `--color-base-100`. */
  readonly theme: Theme
  /** Calls back after each change, until the page is left or the returned function is called. */
  onLanguage(changed: (language: Language) => void): () => void
  onTheme(changed: (theme: Theme) => void): () => void

  /** The page's `path` in the manifest: two pages may have the same entry. */
  readonly page: string
  /** Who is signed in, as of now. */
  readonly user: PageUser
  /** Their role in the active tenant; the host checks it again at every request. */
  readonly role: Role
  readonly tenantId: string

  /** Goes to a page of the application, like "/runs" or "/m/sites/map". */
  navigate(path: string): void
  /** Shows a short sentence over the page: an `info` for some seconds, an `error` until it is dismissed. */
  notify(message: string, kind?: 'info' | 'error'): void

  /** Aborted when the page is left, before `Unmount` is called: for timers, listeners and requests. */
  readonly signal: AbortSignal
}

export interface PageUser {
  readonly id: string
  readonly email: string
  readonly name: string
}

export interface JsonOptions {
  /** GET; POST if there is a body. */
  method?: string
  body?: unknown
}

/** What `json` rejects with when the host refused. */
export interface HostError extends Error {
  readonly status: number
  readonly details: readonly { readonly pointer: string; readonly message: string }[]
}
