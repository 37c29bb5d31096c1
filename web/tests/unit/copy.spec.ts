// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { copyText } from '../../src/utils/copy'

function shown(): HTMLElement {
  document.body.innerHTML = '<pre>the line</pre>'
  return document.querySelector('pre')!
}
afterEach(() => vi.unstubAllGlobals())

describe('copyText', () => {
  it('uses the clipboard where there is one', async () => {
    const writeText = vi.fn().mockResolvedValue(undefined)
    vi.stubGlobal('navigator', { clipboard: { writeText } })
    expect(await copyText(shown())).toBe(true)
    expect(writeText).toHaveBeenCalledWith('the line')
  })
  it('copies by the older command on pages without TLS', async () => {
    vi.stubGlobal('navigator', {})
    let copied = ''
    document.execCommand = () => {
      copied = document.querySelector('textarea')!.value
      return true
    }
    expect(await copyText(shown())).toBe(true)
    expect(copied).toBe('the line')
    expect(document.querySelector('textarea')).toBeNull()
  })
  it('selects the text where nothing else works', async () => {
    vi.stubGlobal('navigator', { clipboard: { writeText: () => Promise.reject(new Error('not allowed')) } })
    document.execCommand = () => false
    const element = shown()
    expect(await copyText(element)).toBe(false)
    expect(getSelection()?.anchorNode).toBe(element)
  })
})
