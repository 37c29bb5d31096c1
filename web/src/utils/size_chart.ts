/** What a repository took up at one time. */
export interface SizePoint {
  counted_at: string
  size_bytes: number
}

/** Points of a line over time in a box of that width and height, the axis of sizes from zero. */
export function linePoints(sizes: readonly SizePoint[], width: number, height: number): { x: number; y: number }[] {
  const times = sizes.map((size) => Date.parse(size.counted_at))
  const first = times[0] ?? 0
  const span = Math.max((times.at(-1) ?? 0) - first, 1)
  const most = Math.max(...sizes.map((size) => size.size_bytes), 1)
  return sizes.map((size, index) => ({ x: ((times[index]! - first) / span) * width, y: height - (size.size_bytes / most) * height }))
}

const DAY = 24 * 60 * 60 * 1000

/** The newest size and the one that stood some days before, if there is one that old. */
export function growth(sizes: readonly SizePoint[], days: number): { now: SizePoint; before: SizePoint | undefined } | undefined {
  const now = sizes.at(-1)
  if (!now) return undefined
  const limit = Date.parse(now.counted_at) - days * DAY
  return { now, before: sizes.filter((size) => Date.parse(size.counted_at) <= limit).at(-1) }
}
