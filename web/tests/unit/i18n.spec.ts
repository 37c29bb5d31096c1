import { describe, expect, it } from 'vitest'
import de from '../../src/i18n/de'
import en from '../../src/i18n/en'

/** Every message with its path and the names of its parameters. */
function flatten(messages: object, path = ''): Map<string, string[]> {
  const all = new Map<string, string[]>()
  for (const [key, value] of Object.entries(messages)) {
    const at = path ? `${path}.${key}` : key
    if (typeof value === 'string') all.set(at, [...value.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort())
    else for (const [inner, names] of flatten(value as object, at)) all.set(inner, names)
  }
  return all
}

describe('messages', () => {
  it('exist in both languages with the same parameters', () => {
    const german = flatten(de)
    const english = flatten(en)
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [key, names] of english) expect(german.get(key), key).toEqual(names)
  })
  it('keep the words that the project began with', () => {
    expect(de.dashboard.title).toBe('Backup-Übersicht')
    expect(de.state.healthy).toBe('Gesund')
    expect(de.state.unhealthy).toBe('Fehlerhaft')
    expect(en.dashboard.title).toBe('Backup Dashboard')
  })
})
