// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Policy, PolicyOptions } from '../../src/api/client'
import schemas from '../../src/api/form_schemas.json'
import { i18n, type Language } from '../../src/i18n'
import { bytes } from '../../src/utils/format'
import { effectiveOptions, inheritedByLink, inheritedByPolicy, OPTIONS, ownOptions, valueInWords, type OptionName } from '../../src/utils/policy_options'

function words<Name extends OptionName>(name: Name, value: PolicyOptions[Name], language: Language = 'en'): string {
  i18n.global.locale.value = language
  return valueInWords(name, value, { t: (key, parameters = {}, plural) => (plural === undefined ? i18n.global.t(key, parameters) : i18n.global.t(key, parameters, plural)), bytes: (size) => bytes(size, language), language })
}
afterEach(() => void (i18n.global.locale.value = 'en'))

const policy = {
  timezone: 'Asia/Tokyo', priority: 8, timeout_seconds: 21600, max_age_hours: null,
  origins: { timezone: 'policy', priority: 'tenant', timeout_seconds: 'default', max_age_hours: 'policy' },
} as unknown as Policy

describe('options', () => {
  it('are all those that the host knows', () => expect([...OPTIONS].sort()).toEqual(Object.keys(schemas.PolicyOptions.properties).sort()))
  it('are said by people’s measures', () => {
    expect(words('timeout_seconds', 21600)).toBe('6 hours')
    expect(words('timeout_seconds', 5400)).toBe('90 minutes')
    expect(words('max_age_hours', 48, 'de')).toBe('2 Tage')
    expect(words('max_age_hours', 30)).toBe('30 hours')
    expect(words('jitter_minutes', 60)).toBe('up to one hour later')
    expect(words('jitter_minutes', 0)).toBe('on time')
    expect(words('limit_upload_kib', 1024)).toBe('at most 1.00 MiB/s')
    expect(words('limit_download_kib', 0, 'de')).toBe('ohne Grenze')
    expect(words('one_file_system', true)).toBe('yes')
    expect(words('retention_rules', {})).toBe('everything')
    expect(words('catch_up', 'all', 'de')).toBe('eines für jedes')
    expect(words('post_hook', '')).toBe('none')
    expect(words('min_size_bytes', null)).toBe('not set')
    expect(words('limit_upload_kib', undefined)).toBe('no limit')
  })
  it('name the days and hours in which nothing begins', () => {
    expect(words('blackout_windows', [{ days: ['mon', 'sun'], from: '08:00', to: '18:00' }, { from: '23:00', to: '01:00' }])).toBe('Monday, Sunday 08:00 to 18:00; every day 23:00 to 01:00')
    expect(words('blackout_windows', [])).toBe('none')
  })
})

describe('who says an option', () => {
  it('is told with its value', () => {
    const found = effectiveOptions(policy)
    expect(found.find((one) => one.name === 'priority')).toEqual({ name: 'priority', value: 8, origin: 'tenant' })
    expect(found.find((one) => one.name === 'catch_up')?.origin).toBe('default')
  })
  it('decides what is sent again', () => expect(ownOptions(policy, 'policy')).toEqual({ timezone: 'Asia/Tokyo' }))
  it('is the next one below', () => {
    const inherited = inheritedByPolicy(policy, { timezone: 'Europe/Berlin', priority: null })
    expect(inherited('priority')).toEqual({ value: 8, origin: 'tenant' })
    expect(inherited('timezone')).toEqual({ value: 'Europe/Berlin', origin: 'tenant' })
    expect(inheritedByPolicy(undefined, { priority: null })('priority')).toEqual({ origin: 'default' })
    expect(inheritedByLink(policy)('timezone')).toEqual({ value: 'Asia/Tokyo', origin: 'policy' })
  })
})
