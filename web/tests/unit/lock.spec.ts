import { describe, expect, it } from 'vitest'
import text from '../../package-lock.json?raw'

interface LockedPackage {
  version?: string
  optionalDependencies?: Record<string, string>
}

const lock = JSON.parse(text) as {
  packages: Record<string, LockedPackage>
}

describe('package-lock.json', () => {
  // `npm ci` refuses a lock without the parts for other platforms, and npm leaves them out when it cannot find them.
  it('holds every optional part of every package', () => {
    const held = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')))
    const missing = Object.entries(lock.packages).flatMap(([path, locked]) =>
      Object.keys(locked.optionalDependencies ?? {})
        .filter((part) => !held.has(part))
        .map((part) => `${part} of ${path}`),
    )
    expect(held.size).toBeGreaterThan(50)
    expect(missing).toEqual([])
  })
})
