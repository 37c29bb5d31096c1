/** Paths as they are called in a snapshot: absolute, parts with "/" between them, "/" for the top. */

/** The folder in which it is; the top is in itself. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const below = (folder: string, name: string): string => (folder === '/' ? `/${name}` : `${folder}/${name}`)

export interface Crumb {
  name: string
  path: string
}
/** The folders that lead to a path, itself last; without the top. */
export function crumbsOf(path: string): Crumb[] {
  const names = path.split('/').filter(Boolean)
  return names.map((name, index) => ({ name, path: `/${names.slice(0, index + 1).join('/')}` }))
}

/** Where somebody begins to look: in what was saved, where that is one folder. */
export const startOf = (paths: readonly string[]): string => (paths.length === 1 && paths[0]?.startsWith('/') ? paths[0].replace(/(.)\/+$/, '$1') : '/')

/** A name as it is, of one that is shown with its control characters escaped; `encoded`: base64url of it, in UTF-8. */
export function trueName(shown: string, encoded?: string | null): string {
  if (!encoded) return shown
  const bytes = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))
}
