// @vitest-environment happy-dom
// @ts-expect-error: the page's code knows no Node
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../src/api/errors'
import { i18n } from '../../src/i18n'
import { germanOfSchedule } from '../../src/i18n/schedule_problems'
import { sentenceOf } from '../../src/i18n/sentence'

afterEach(() => (i18n.global.locale.value = 'en'))

describe('what is wrong with a schedule', () => {
  it('is said in German with its field and its piece', () => {
    expect(germanOfSchedule('The schedule\'s minute "61" must be from 0 to 59.')).toBe('Minute „61“ muss von 0 bis 59 sein.')
    expect(germanOfSchedule('The schedule\'s day of week "fri#6" must have a number from 1 to 5 behind its #.')).toBe('Wochentag „fri#6“ braucht hinter # eine Zahl von 1 bis 5.')
    expect(germanOfSchedule('The schedule\'s day of month "30" names a date that never comes in its month "2". Correct the day or the month.')).toBe(
      'Der Tag des Monats „30“ kommt im Monat „2“ nie. Berichtigen Sie Tag oder Monat.',
    )
    expect(germanOfSchedule('Something else.')).toBeNull()
  })
  it('is what the page shows', () => {
    const message = 'The schedule\'s hour "x" is no number.'
    const error = new ApiError('InvalidCronExpression', message, 400, [{ pointer: '/schedule', message }])
    expect(sentenceOf(error)).toBe(message)
    i18n.global.locale.value = 'de'
    expect(sentenceOf(error)).toBe('Stunde „x“ ist keine Zahl.')
  })
  it('has German words for each reason that the host has', () => {
    const source = readFileSync('../core/src/schedule/cron_parser.cpp', 'utf8') as string
    const reasons = [...source.matchAll(/invalid\(\w+,\s*(?:fmt::format\()?"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!.replaceAll('{}', '7'))
    expect(reasons.length).toBeGreaterThan(8)
    for (const why of [...reasons, 'must be from 0 to 59', 'is no number', 'is neither a number nor a name'])
      expect(germanOfSchedule(`The schedule's minute "x" ${why}.`), why).not.toBeNull()
  })
})
