// @ts-expect-error: the page's code knows no Node
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** "`btn` (`btn-primary`, `-sm`)" names btn, btn-primary and btn-sm. */
function promisedClasses(): string[] {
  const list = /DaisyUI's classes ([^.]*)\./.exec(read('docs/module-sdk.md'))?.[1] ?? ''
  let base = ''
  return [...list.matchAll(/`([^`]+)`|\(/g)].flatMap(([, name]) => {
    if (name === undefined) return []
    if (name.startsWith('-')) return [base + name]
    base = name.split('-')[0] ?? ''
    return [name]
  })
}

describe('the classes that pages of modules may count on', () => {
  it('are those that the style sheet always has', () => {
    const kept = /@source inline\("([^"]*)"\)/.exec(read('web/src/style.css'))?.[1]?.split(' ') ?? []
    const promised = promisedClasses()
    expect(promised).toContain('badge-success')
    expect(promised.sort()).toEqual(kept.sort())
  })
})
