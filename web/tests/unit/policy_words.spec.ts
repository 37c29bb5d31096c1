// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Policy } from '../../src/api/client'
import { i18n, type Language } from '../../src/i18n'
import { bytes } from '../../src/utils/format'
import { changeInWords, keptBriefly, promiseOf, type PolicySay } from '../../src/utils/policy_words'

function say(language: Language): PolicySay {
  i18n.global.locale.value = language
  return { t: (key, parameters = {}, plural) => (plural === undefined ? i18n.global.t(key, parameters) : i18n.global.t(key, parameters, plural)), bytes: (value) => bytes(value, language), language }
}
afterEach(() => void (i18n.global.locale.value = 'en'))

const agent = (hostname: string) => ({ agent_id: hostname, hostname }) as Policy['agents'][number]
const nightly = {
  name: 'nightly', enabled: true, awaiting_adoption: false, schedule: '0 2 * * *', include_paths: ['/home', '/etc', '/srv'], plugins: [],
  agents: [agent('web-01'), agent('web-02')], retention_rules: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 },
} as unknown as Policy

describe('what a policy promises', () => {
  it('is one sentence', () => {
    expect(promiseOf(nightly, say('en'))).toBe('nightly backs up 3 folders of 2 agents every day at 02:00 and keeps 7 days, 4 weeks, 12 months.')
    expect(promiseOf(nightly, say('de'))).toBe('nightly sichert 3 Ordner von 2 Agenten jeden Tag um 02:00 und behält 7 Tage, 4 Wochen, 12 Monate.')
  })
  it('names what is only one', () => {
    expect(promiseOf({ ...nightly, include_paths: ['/home'], agents: [agent('web-01')], schedule: '0 8 * * 0' }, say('en'))).toBe('nightly backs up /home of web-01 every Sunday at 08:00 and keeps 7 days, 4 weeks, 12 months.')
    expect(promiseOf({ ...nightly, include_paths: [`/${'long/'.repeat(20)}`] }, say('en'))).toContain('one folder of 2 agents')
  })
  it('names databases, and says where nothing is removed', () => {
    const plugins = [{ name: 'postgresql', settings: {} }] as unknown as Policy['plugins']
    expect(promiseOf({ ...nightly, include_paths: [], plugins, retention_rules: {} }, say('en'))).toBe('nightly backs up the databases of postgresql of 2 agents every day at 02:00 and removes nothing.')
    expect(promiseOf({ ...nightly, plugins }, say('de'))).toContain('3 Ordner und die Datenbanken von postgresql')
  })
  it('is nothing where it rests, is off, or has nobody', () => {
    expect(promiseOf({ ...nightly, awaiting_adoption: true, enabled: false }, say('en'))).toContain('rests')
    expect(promiseOf({ ...nightly, enabled: false, agents: [] }, say('en'))).toContain('switched off')
    expect(promiseOf({ ...nightly, agents: [] }, say('de'))).toContain('Kein Agent folgt nightly')
  })
  it('keeps a schedule that cannot be read as it is', () => expect(promiseOf({ ...nightly, schedule: 'x' }, say('en'))).toContain('by the schedule x'))
})

describe('what is kept', () => {
  it('is said briefly, without what is none', () => {
    expect(keptBriefly({ keep_last: 1, keep_hourly: 24, keep_daily: 0, keep_weekly: null, keep_yearly: 1 }, say('en'))).toBe('the last one, 24 hours, one year')
    expect(keptBriefly(null, say('de'))).toBe('')
  })
})

describe('a version', () => {
  const names = (field: string) => field.toUpperCase()
  it('says what was changed', () => {
    expect(changeInWords({ version: 3, changed: ['name', 'tags'] }, names, say('en'))).toBe('NAME and TAGS')
    expect(changeInWords({ version: 1, changed: [] }, names, say('en'))).toBe('created')
    expect(changeInWords({ version: 2, changed: [] }, names, say('de'))).toBe('ohne Änderung gespeichert')
  })
})
