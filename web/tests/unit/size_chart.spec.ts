import { describe, expect, it } from 'vitest'
import { growth, linePoints } from '../../src/utils/size_chart'

const at = (day: number, bytes: number) => ({ counted_at: new Date(Date.UTC(2026, 0, day)).toISOString(), size_bytes: bytes })

describe('sizes over time', () => {
  it('are a line from left to right, the largest at the top, from zero at the bottom', () => {
    expect(linePoints([at(1, 0), at(2, 50), at(5, 100)], 400, 100)).toEqual([
      { x: 0, y: 100 },
      { x: 100, y: 50 },
      { x: 400, y: 0 },
    ])
  })
  it('are a line where there is one, and none', () => {
    expect(linePoints([at(1, 7)], 400, 100)).toEqual([{ x: 0, y: 0 }])
    expect(linePoints([], 400, 100)).toEqual([])
    expect(linePoints([at(1, 0), at(2, 0)], 10, 10)[1]).toEqual({ x: 10, y: 10 })
  })
  it('have grown since the newest that is old enough', () => {
    const sizes = [at(1, 10), at(3, 20), at(20, 25), at(35, 40)]
    expect(growth(sizes, 30)?.before).toEqual(at(3, 20))
    expect(growth(sizes, 30)?.now).toEqual(at(35, 40))
    expect(growth(sizes.slice(2), 30)?.before).toBeUndefined()
    expect(growth([], 30)).toBeUndefined()
  })
})
