// What was measured, against what it should be.
const results = []

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Says and notes one result; `target` is "<= 2", ">= 0.85" or "0". */
export function report(bench, value, unit, target, more = {}) {
  const [, sign, limit] = /^(<=|>=|<|>|)\s*([\d.]+)$/.exec(target)
  const holds = { '<=': value <= limit, '>=': value >= limit, '<': value < limit, '>': value > limit, '': value === Number(limit) }[sign]
  const result = { bench, value: Number(value.toFixed(4)), unit, target, holds, ...more }
  results.push(result)
  console.log(`${holds ? '✓' : '✗'} ${bench}: ${result.value}${unit ? ` ${unit}` : ''} (${target})`)
}

/** The 95 % interval of the mean of the logarithms' ratio, as a ratio. */
export function interval(ratios) {
  const logs = ratios.map(Math.log)
  const mean = logs.reduce((a, b) => a + b) / logs.length
  const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / (logs.length - 1))
  const t = { 6: 2.571, 7: 2.447, 8: 2.365, 14: 2.16, 15: 2.145, 16: 2.131, 20: 2.093, 30: 2.045, 40: 2.023 }[ratios.length] ?? 2.1
  const half = (t * deviation) / Math.sqrt(logs.length)
  return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) }
}

/** Prints everything for programs; false if something misses its target. */
export function print() {
  console.log(JSON.stringify({ benches: results }))
  return results.every((result) => result.holds)
}
