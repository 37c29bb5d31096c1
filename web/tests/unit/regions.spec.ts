import { describe, expect, it } from 'vitest'
import { absolute } from '../../src/utils/format'
import { regionOf } from '../../src/utils/regions'

describe('regionOf', () => {
  it('is the reader’s own, where it is of the page’s language', () => {
    expect(regionOf('en', ['de-DE', 'en-GB', 'en-US'])).toBe('en-GB')
    expect(regionOf('de', ['en-US', 'de-AT'])).toBe('de-AT')
    expect(regionOf('de', ['en-US'])).toBe('de')
    expect(regionOf('en', ['enm'])).toBe('en')
  })
  it('gives British readers twenty-four hours, and everybody the zone', () => {
    const evening = new Date(2026, 0, 31, 21, 5, 6)
    expect(absolute(evening, 'en-GB')).toMatch(/21:05:06 \S+/)
    expect(absolute(evening, 'en-US')).toMatch(/9:05:06.PM \S+/)
  })
})
