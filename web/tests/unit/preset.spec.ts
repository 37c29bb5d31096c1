import { describe, expect, it } from 'vitest'
import { expressionOf, FIRST, pickedOf, type Picked } from '../../src/utils/preset'

const PICKED: [Partial<Picked>, string][] = [
  [{ often: 'hourly', minute: 5 }, '5 * * * *'],
  [{ often: 'hourly', minute: 5, step: 6 }, '5 */6 * * *'],
  [{ often: 'hourly', spread: true }, 'H * * * *'],
  [{ often: 'daily', hour: 2, minute: 30 }, '30 2 * * *'],
  [{ often: 'daily', spread: true }, 'H H * * *'],
  [{ often: 'weekly', hour: 21, weekdays: [5, 1] }, '0 21 * * 1,5'],
  [{ often: 'weekly', spread: true, weekdays: [7] }, 'H H * * 7'],
  [{ often: 'monthly', day: 15 }, '0 2 15 * *'],
  [{ often: 'monthly', day: 0, spread: true }, 'H H L * *'],
]

describe('what is picked of a schedule', () => {
  it.each(PICKED)('%o is written and read', (change, expression) => {
    const picked = { ...FIRST, ...change, weekdays: [...(change.weekdays ?? FIRST.weekdays)].sort() }
    expect(expressionOf(picked)).toBe(expression)
    expect(pickedOf(expression, picked)).toEqual(picked)
  })
  it('is read of other ways to write it', () => {
    expect(pickedOf('@daily')).toMatchObject({ often: 'daily', hour: 0, minute: 0 })
    expect(pickedOf('0 21 * * mon-fri')).toMatchObject({ often: 'weekly', weekdays: [1, 2, 3, 4, 5] })
    expect(pickedOf('0 21 * * 0')).toMatchObject({ often: 'weekly', weekdays: [7] })
  })
  it('is nothing of what the pickers cannot show', () => {
    for (const expression of ['', '0 2', '*/15 * * * *', '0 2,3 * * *', '0 2 1,15 * *', '0 2 1 * mon', '0 2 * * friL', '0 2 * 6 *', 'H 2 * * *', '0 H * * *', 'H(0-29) H * * *', '0 */5 * * *', '0 2 */2 * *'])
      expect(pickedOf(expression), expression).toBeUndefined()
  })
  it('keeps what the expression does not say', () => {
    expect(pickedOf('H H * * *', { ...FIRST, hour: 21, weekdays: [3] })).toMatchObject({ hour: 21, weekdays: [3], spread: true })
  })
})
