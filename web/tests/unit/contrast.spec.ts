// @ts-expect-error: the page's code knows no Node
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// Vitest gives style sheets as empty modules.
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const own = read('src/style.css')
const daisyLight = read('node_modules/daisyui/theme/light.css')
const daisyDark = read('node_modules/daisyui/theme/dark.css')

type Color = [l: number, a: number, b: number]

function oklch(text: string): Color {
  const [l, c, h] = text.match(/oklch\(([\d.]+)%\s+([\d.]+)\s+([\d.]+)/)!.slice(1).map(Number) as [number, number, number]
  const angle = (h * Math.PI) / 180
  return [l / 100, c * Math.cos(angle), c * Math.sin(angle)]
}
const mix = (a: Color, b: Color, share: number): Color => a.map((value, i) => value * share + b[i]! * (1 - share)) as Color
/** Relative luminance as WCAG has it, from linear sRGB. */
function luminance([l, a, b]: Color): number {
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3
  const clip = (value: number): number => Math.min(1, Math.max(0, value))
  const red = clip(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short)
  const green = clip(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short)
  const blue = clip(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
function contrast(one: Color, other: Color): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}
function theme(name: 'light' | 'dark', daisy: string): (color: string) => Color {
  const block = own.match(new RegExp(`\\[data-theme='${name}'\\] \\{([^}]*)\\}`))?.[1] ?? ''
  return (color) => oklch(`${block}\n${daisy}`.match(new RegExp(`--color-${color}:\\s*(oklch\\([^)]*\\))`))![1]!)
}

describe('colours', () => {
  it('are computed right', () => {
    expect(contrast(oklch('oklch(100% 0 0)'), oklch('oklch(0% 0 0)'))).toBeCloseTo(21, 1)
  })
  for (const [name, daisy] of [
    ['light', daisyLight],
    ['dark', daisyDark],
  ] as const) {
    it(`can be read as text in the ${name} theme: in logs, on pages, in notes of their own colour`, () => {
      const of = theme(name, daisy)
      for (const color of ['error', 'warning', 'success', 'info'])
        for (const surface of [of('base-100'), of('base-200'), mix(of(color), of('base-100'), 0.08)])
          expect(contrast(of(color), surface), `${color} in ${name}`).toBeGreaterThanOrEqual(4.5)
      for (const color of ['error', 'warning', 'success', 'info', 'primary'])
        expect(contrast(of(`${color}-content`), of(color)), `on ${color} in ${name}`).toBeGreaterThanOrEqual(4.5)
      for (const surface of ['base-100', 'base-200'])
        expect(contrast(mix(of('base-content'), of(surface), 0.7), of(surface)), `faint on ${surface}`).toBeGreaterThanOrEqual(4.5)
    })
  }
})
