/**
 * Puts the text of an element into the clipboard, also on pages without TLS, where browsers offer no clipboard. If
 * nothing takes it, the text is left selected and the answer is false.
 */
export async function copyText(element: HTMLElement): Promise<boolean> {
  const text = element.textContent ?? ''
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text)
      return true
    }
  } catch {
    // Not allowed here: the older way may be.
  }
  if (copyByCommand(text, element)) return true
  const selection = getSelection()
  selection?.selectAllChildren(element)
  return false
}

function copyByCommand(text: string, beside: HTMLElement): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  area.readOnly = true
  // Within the same dialog: outside of it nothing takes the focus.
  beside.after(area)
  const focused = document.activeElement
  area.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    area.remove()
    if (focused instanceof HTMLElement) focused.focus()
  }
}
