import { describe, expect, it } from 'vitest'
import { absolute, bytes, duration, month, percent, relative } from '../../src/utils/format'

describe('bytes', () => {
  it('uses IEC units with three significant digits', () => {
    expect(bytes(0, 'en')).toBe('0 B')
    expect(bytes(1023, 'en')).toBe('1,023 B')
    expect(bytes(1024, 'en')).toBe('1.00 KiB')
    expect(bytes(13107200, 'en')).toBe('12.5 MiB')
    expect(bytes(229780750336, 'de')).toBe('214 GiB')
    expect(bytes(13107200, 'de')).toBe('12,5 MiB')
  })
  it('shows what is unknown as a dash, never as 0', () => {
    expect(bytes(null, 'en')).toBe('–')
    expect(bytes(undefined, 'en')).toBe('–')
  })
})

describe('duration', () => {
  it('names at most two units', () => {
    expect(duration(0.27, 'en')).toBe('0.3s')
    expect(duration(51, 'en')).toBe('51s')
    expect(duration(72 * 60, 'en')).toBe('1h 12m')
    expect(duration(125, 'en')).toBe('2m 5s')
    expect(duration(null, 'en')).toBe('–')
  })
})

describe('percent', () => {
  it('has a digit below one only', () => {
    expect(percent(0.34, 'en')).toBe('0.3 %')
    expect(percent(45.6, 'en')).toBe('46 %')
  })
})

describe('relative', () => {
  const now = new Date('2026-01-31T12:00:00Z')
  it('speaks the language of the page', () => {
    expect(relative(new Date('2026-01-31T11:56:00Z'), now, 'en', 'just now')).toBe('4 min. ago')
    expect(relative(new Date('2026-01-31T14:00:00Z'), now, 'de', 'gerade eben')).toBe('in 2 Std.')
    expect(relative(new Date('2026-01-31T11:59:58Z'), now, 'de', 'gerade eben')).toBe('gerade eben')
  })
  it('has an exact counterpart', () => {
    expect(absolute(now, 'en')).toContain('2026')
  })
})

describe('month', () => {
  it('is named in the language of the page, whatever the zone', () => {
    expect(month('2026-01', 'en')).toBe('January 2026')
    expect(month('2026-12', 'de')).toBe('Dezember 2026')
  })
})
