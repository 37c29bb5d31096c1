import type { Mount, PageContext, Unmount } from '../../sdk/page'

/** Where a module's page went wrong: its files, its mount(), or its code after that. */
export class PageFault extends Error {
  constructor(
    readonly step: 'load' | 'mount' | 'later',
    cause: unknown,
  ) {
    super(`A module's page failed: ${step}`, { cause })
  }
}

/** Leaving aborts what the page has under way; that is no fault. */
const aborted = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'AbortError'

/** Reports errors that nobody caught in code from below `folder`; returns how to stop. */
function watchFaults(folder: string, report: (fault: PageFault) => void): () => void {
  const onError = (event: ErrorEvent): void => {
    if (event.filename.startsWith(folder)) report(new PageFault('later', event.error ?? event.message))
  }
  const onRejection = (event: PromiseRejectionEvent): void => {
    const stack: unknown = event.reason?.stack
    if (!aborted(event.reason) && typeof stack === 'string' && stack.includes(folder)) report(new PageFault('later', event.reason))
  }
  addEventListener('error', onError)
  addEventListener('unhandledrejection', onRejection)
  return () => {
    removeEventListener('error', onError)
    removeEventListener('unhandledrejection', onRejection)
  }
}

function end(unmount: Unmount | void): void {
  try {
    unmount?.()
  } catch (error) {
    console.error("A module's page failed while it was left.", error)
  }
}

/** Loads the ES module at `entry` and lets it mount into `element`. Returns how to leave, which always succeeds. */
export function openPage(
  entry: string,
  element: HTMLElement,
  contextFor: (signal: AbortSignal) => PageContext,
  report: (fault: PageFault) => void,
): () => void {
  const left = new AbortController()
  const stopWatching = watchFaults(new URL('.', new URL(entry, location.origin)).href, report)
  let unmount: Unmount | void

  const open = async (): Promise<void> => {
    let step: PageFault['step'] = 'load'
    try {
      const code = (await import(/* @vite-ignore */ entry)) as { mount?: Mount }
      if (left.signal.aborted) return
      step = 'mount'
      if (typeof code.mount !== 'function') throw new TypeError(`${entry} exports no function mount.`)
      const given = await code.mount(element, contextFor(left.signal))
      if (left.signal.aborted) end(given)
      else unmount = given
    } catch (error) {
      if (left.signal.aborted) return
      console.error("A module's page failed.", error)
      report(new PageFault(step, error))
    }
  }
  void open()

  return () => {
    left.abort()
    stopWatching()
    end(unmount)
    element.replaceChildren()
  }
}
