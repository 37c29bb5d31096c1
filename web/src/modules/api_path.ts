/**
 * The address of a call by a module's page. Throws TypeError for everything that is not this host's API: no token goes
 * elsewhere.
 */
export function apiPath(path: string, origin: string): string {
  const url = new URL(path, origin)
  if (!path.startsWith('/') || url.origin !== origin || !url.pathname.startsWith('/api/')) {
    throw new TypeError(`"${path}" is no path of this host's API; it begins with /api/.`)
  }
  return url.pathname + url.search
}
