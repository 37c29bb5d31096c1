import { ref } from 'vue'

export interface Notice {
  id: number
  kind: 'info' | 'error'
  message: string
}

const SHOWN_MS = 6000
const MOST = 5
let last = 0

/** Short sentences over the page, the newest at the end. */
export const notices = ref<Notice[]>([])

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}

/** An error stays until it is dismissed; five are shown at most. */
export function notify(message: string, kind: Notice['kind'] = 'info'): void {
  const id = ++last
  notices.value = [...notices.value, { id, kind, message }].slice(-MOST)
  if (kind === 'info') setTimeout(() => dismiss(id), SHOWN_MS)
}
