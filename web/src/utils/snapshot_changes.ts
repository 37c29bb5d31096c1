/** What became of a path from one snapshot to the next, from the strongest on. */
export const CHANGES = ['added', 'removed', 'type', 'content', 'damaged', 'metadata'] as const
export type Change = (typeof CHANGES)[number]
const LETTERS: Record<string, Change> = { '+': 'added', '-': 'removed', T: 'type', M: 'content', '?': 'damaged', U: 'metadata' }

/** restic's letters, of which there may be several, as the one word that says most; nothing for letters that we do not know. */
export function changeOf(modifier: string): Change | undefined {
  const known = [...modifier].map((letter) => LETTERS[letter])
  return CHANGES.find((change) => known.includes(change))
}
