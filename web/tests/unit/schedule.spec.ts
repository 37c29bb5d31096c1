// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { i18n, type Language } from '../../src/i18n'
import { scheduleInWords } from '../../src/utils/schedule'

function words(schedule: string, language: Language = 'en', timezone = 'UTC'): string {
  i18n.global.locale.value = language
  return scheduleInWords(schedule, timezone, { t: (key, parameters = {}) => i18n.global.t(key, parameters), language })
}
afterEach(() => (i18n.global.locale.value = 'en'))

const SENTENCES: [schedule: string, english: string, german: string][] = [
  ['30 6 * * *', 'Every day at 06:30', 'Jeden Tag um 06:30'],
  ['0 8 * * 0', 'Every week: Sunday at 08:00', 'Jede Woche: Sonntag um 08:00'],
  ['0 8 * * sun', 'Every week: Sunday at 08:00', 'Jede Woche: Sonntag um 08:00'],
  ['@daily', 'Every day at 00:00', 'Jeden Tag um 00:00'],
  ['@hourly', 'Every hour', 'Jede Stunde'],
  ['@monthly', 'On the 1st of each month at 00:00', 'Am 1. jedes Monats um 00:00'],
  ['@yearly', 'On the 1st of January at 00:00', 'Am 1. im Januar um 00:00'],
  ['0 2,14 * * *', 'Every day at 02:00 and 14:00', 'Jeden Tag um 02:00 und 14:00'],
  ['0,30 1 * * *', 'Every day at 01:00 and 01:30', 'Jeden Tag um 01:00 und 01:30'],
  ['*/15 * * * *', 'Every 15 minutes', 'Alle 15 Minuten'],
  ['* * * * *', 'Every minute', 'Jede Minute'],
  ['5 * * * *', 'Every hour at minute 5', 'Jede Stunde zur Minute 5'],
  ['0 */6 * * *', 'Every 6 hours', 'Alle 6 Stunden'],
  ['20 */6 * * *', 'Every 6 hours at minute 20', 'Alle 6 Stunden zur Minute 20'],
  ['0 21 * * 1-5', 'From Monday to Friday at 21:00', 'Von Montag bis Freitag um 21:00'],
  ['0 21 * * mon,wed', 'Every Monday and every Wednesday at 21:00', 'Jeden Montag und jeden Mittwoch um 21:00'],
  ['0 21 * * 6,7', 'Every Saturday and every Sunday at 21:00', 'Jeden Samstag und jeden Sonntag um 21:00'],
  ['30 3 * * 5L', 'On the last Friday of each month at 03:30', 'Am letzten Freitag jedes Monats um 03:30'],
  ['30 3 * * friL', 'On the last Friday of each month at 03:30', 'Am letzten Freitag jedes Monats um 03:30'],
  ['0 2 * * 2#1', 'On the first Tuesday of each month at 02:00', 'Am ersten Dienstag jedes Monats um 02:00'],
  ['0 2 * * mon#1,fri#3', 'On the first Monday of each month and on the third Friday of each month at 02:00', 'Am ersten Montag jedes Monats und am dritten Freitag jedes Monats um 02:00'],
  ['0 0 1 * *', 'On the 1st of each month at 00:00', 'Am 1. jedes Monats um 00:00'],
  ['0 0 1,15 * *', 'On the 1st and on the 15th of each month at 00:00', 'Am 1. und am 15. jedes Monats um 00:00'],
  ['0 0 1-7 * *', 'From the 1st to the 7th of each month at 00:00', 'Vom 1. bis zum 7. jedes Monats um 00:00'],
  ['0 0 L * *', 'On the last day of each month at 00:00', 'Am letzten Tag jedes Monats um 00:00'],
  ['0 0 L-1 * *', 'On the day before the last one of each month at 00:00', 'Am vorletzten Tag jedes Monats um 00:00'],
  ['0 0 L-3 * *', '3 days before the last one of each month at 00:00', '3 Tage vor dem letzten jedes Monats um 00:00'],
  ['0 0 LW * *', 'On the last workday of each month at 00:00', 'Am letzten Werktag jedes Monats um 00:00'],
  ['0 0 15W * *', 'On the workday nearest to the 15th of each month at 00:00', 'Am Werktag nächst dem 15. jedes Monats um 00:00'],
  ['0 0 1,L * *', 'On the 1st and on the last day of each month at 00:00', 'Am 1. und am letzten Tag jedes Monats um 00:00'],
  ['0 0 1 * mon', 'On the 1st of each month or every Monday at 00:00', 'Am 1. jedes Monats oder jeden Montag um 00:00'],
  ['30 4 1,15 * 5', 'On the 1st and on the 15th of each month or every Friday at 04:30', 'Am 1. und am 15. jedes Monats oder jeden Freitag um 04:30'],
  ['0 0 */2 * fri', 'Every Friday, but only on every 2nd day from the 1st to the 31st of each month, at 00:00', 'Jeden Freitag, aber nur an jedem 2. Tag vom 1. bis zum 31. jedes Monats, um 00:00'],
  ['0 0 13 * */5', 'Every Friday and every Sunday, but only on the 13th of each month, at 00:00', 'Jeden Freitag und jeden Sonntag, aber nur am 13. jedes Monats, um 00:00'],
  ['0 0 13 * friL', 'On the 13th of each month or on the last Friday of each month at 00:00', 'Am 13. jedes Monats oder am letzten Freitag jedes Monats um 00:00'],
  ['0 0 29 2 *', 'On the 29th of February at 00:00', 'Am 29. im Februar um 00:00'],
  ['0 0 1 1,7 *', 'On the 1st of January and of July at 00:00', 'Am 1. im Januar und im Juli um 00:00'],
  ['0 0 * 6-8 *', 'Every day from June to August at 00:00', 'Jeden Tag von Juni bis August um 00:00'],
  ['0 8 * 6 *', 'Every day in June at 08:00', 'Jeden Tag im Juni um 08:00'],
  ['0 8 * 6 mon', 'Every Monday in June at 08:00', 'Jeden Montag im Juni um 08:00'],
  ['0 0 L 3,6,9,12 *', 'On the last day of March, of June, of September, and of December at 00:00', 'Am letzten Tag im März, im Juni, im September und im Dezember um 00:00'],
  ['H H * * *', 'Once a day at a time of its own', 'Einmal am Tag zu einer eigenen Zeit'],
  ['H 2 * * *', 'Every day at a time of its own from 02:00 to 02:59', 'Jeden Tag zu einer eigenen Zeit von 02:00 bis 02:59'],
  ['H H(1-5) * * *', 'Every day at a time of its own from 01:00 to 05:59', 'Jeden Tag zu einer eigenen Zeit von 01:00 bis 05:59'],
  ['H(0-29) 2 * * *', 'Every day at a time of its own from 02:00 to 02:29', 'Jeden Tag zu einer eigenen Zeit von 02:00 bis 02:29'],
  ['H * * * *', 'Every hour at a minute of its own', 'Jede Stunde zu einer eigenen Minute'],
  ['H/15 * * * *', 'Every 15 minutes from a minute of its own', 'Alle 15 Minuten ab einer eigenen Minute'],
  ['H H * * H', 'On a day of the week of its own at a time of its own', 'An einem eigenen Wochentag zu einer eigenen Zeit'],
  ['H H H * *', 'On a day of its own of each month at a time of its own', 'An einem eigenen Tag jedes Monats zu einer eigenen Zeit'],
  ['H H H H *', 'On a day of its own in a month of its own at a time of its own', 'An einem eigenen Tag in einem eigenen Monat zu einer eigenen Zeit'],
  ['H H 1 H/3 *', 'On the 1st in every 3rd month from one of its own at a time of its own', 'Am 1. in jedem 3. Monat ab einem eigenen zu einer eigenen Zeit'],
  ['H H H/7 * *', 'On every 7th day, from one of its own, of each month at a time of its own', 'An jedem 7. Tag ab einem eigenen jedes Monats zu einer eigenen Zeit'],
  ['H H H(1-7) * *', 'On a day of its own from the 1st to the 7th of each month at a time of its own', 'An einem eigenen Tag vom 1. bis zum 7. jedes Monats zu einer eigenen Zeit'],
  ['H(0-29)/10 5 * * *', 'Every day, when the minute is every 10th from one of its own in 0 to 29 and the hour 5', 'Jeden Tag, wenn die Minute jede 10. ab einer eigenen in 0 bis 29 und die Stunde 5 ist'],
  ['0 H(1-5) * * *', 'Every day, when the minute is 0 and the hour one of its own from 1 to 5', 'Jeden Tag, wenn die Minute 0 und die Stunde eine eigene von 1 bis 5 ist'],
  ['*/7 * * * *', 'Every hour when the minute is every 7th from 0 to 59', 'Jede Stunde, wenn die Minute jede 7. von 0 bis 59 ist'],
  ['*/7 1-5 * * *', 'Every day, when the minute is every 7th from 0 to 59 and the hour 1 to 5', 'Jeden Tag, wenn die Minute jede 7. von 0 bis 59 und die Stunde 1 bis 5 ist'],
  ['5-20/5,40 3 * * *', 'Every day at 03:05, 03:10, 03:15, 03:20, and 03:40', 'Jeden Tag um 03:05, 03:10, 03:15, 03:20 und 03:40'],
  ['* 2 * * *', 'Every minute when the hour is 2', 'Jede Minute, wenn die Stunde 2 ist'],
  ['* 1-3,5 * * *', 'Every minute when the hour is 1 to 3 or 5', 'Jede Minute, wenn die Stunde 1 bis 3 oder 5 ist'],
  ['0 1,2,3,4,5,6,7 * * *', 'Every day, when the minute is 0 and the hour 1, 2, 3, 4, 5, 6, or 7', 'Jeden Tag, wenn die Minute 0 und die Stunde 1, 2, 3, 4, 5, 6 oder 7 ist'],
  ['0 0 10/5 * *', 'On every 5th day from the 10th to the 31st of each month at 00:00', 'An jedem 5. Tag vom 10. bis zum 31. jedes Monats um 00:00'],
  ['0 8 * * 7/2', 'Every week: Sunday at 08:00', 'Jede Woche: Sonntag um 08:00'],
  ['0 8 1-31/10 * *', 'On every 10th day from the 1st to the 31st of each month at 08:00', 'An jedem 10. Tag vom 1. bis zum 31. jedes Monats um 08:00'],
]

describe('a schedule in words', () => {
  it.each(SENTENCES)('says %s', (schedule, english, german) => {
    expect(words(schedule)).toBe(`${english} (UTC)`)
    expect(words(schedule, 'de')).toBe(`${german} (UTC)`)
  })
  it('names the zone', () => {
    expect(words('5 9 * * 6', 'de', 'Europe/Berlin')).toBe('Jede Woche: Samstag um 09:05 (Europe/Berlin)')
  })
  it('is said the same in capitals and with more space', () => {
    for (const [schedule, english] of SENTENCES) expect(words(` ${schedule.toUpperCase().replaceAll(' ', ' \t ')} `)).toBe(`${english} (UTC)`)
  })
  it('is the schedule itself where it cannot be read', () => {
    for (const schedule of ['0 8', '0 8 x * *', '0 0 5 * 5-1', '0 0 * * L', '60 * * * *', '0 0 32W * *', '*/0 * * * *', '0 0 * * 1#6', '1-2-3 * * * *'])
      expect(words(schedule)).toBe(`By the schedule ${schedule} (UTC)`)
  })
  it('is never where there is none', () => {
    expect(words('')).toBe('Not by itself.')
    expect(words('', 'de')).toBe('Nicht von selbst.')
  })
})
