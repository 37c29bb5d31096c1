// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { i18n, type Language } from '../../src/i18n'
import { scheduleInWords } from '../../src/utils/schedule'

function words(schedule: string, language: Language = 'en', timezone = 'UTC'): string {
  i18n.global.locale.value = language
  return scheduleInWords(schedule, timezone, { t: (key, parameters = {}) => i18n.global.t(key, parameters), language })
}
afterEach(() => (i18n.global.locale.value = 'en'))

describe('a schedule in words', () => {
  it('is said of each day and each week', () => {
    expect(words('30 6 * * *')).toBe('Every day at 06:30 (UTC)')
    expect(words('0 8 * * 0')).toBe('Every week: Sunday at 08:00 (UTC)')
    expect(words('0 8 * * 7')).toBe('Every week: Sunday at 08:00 (UTC)')
    expect(words('5 9 * * 6', 'de', 'Europe/Berlin')).toBe('Jede Woche: Samstag um 09:05 (Europe/Berlin)')
  })
  it('is the schedule itself where no sentence says it', () => {
    for (const schedule of ['*/5 * * * *', '0 8 1 * *', '0 8 * * 1-5', '0 8 * 6 *', '0 8'])
      expect(words(schedule)).toBe(`By the schedule ${schedule} (UTC)`)
  })
  it('is never where there is none', () => {
    expect(words('')).toBe('Not by itself.')
    expect(words('', 'de')).toBe('Nicht von selbst.')
  })
})
