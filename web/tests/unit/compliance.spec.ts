// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import type { Compliance, PolicyViolation } from '../../src/api/client'
import { i18n } from '../../src/i18n'
import { missingOf, monthsUntil, sentenceOfCompliance } from '../../src/utils/compliance'

const violation = (severity: PolicyViolation['severity'], timestamp: string, type: PolicyViolation['type'] = 'backup_failed'): PolicyViolation => ({ type, severity, description: 'why', timestamp })
const report = (name: string, violations: PolicyViolation[], compliant = violations.length === 0): Compliance =>
  ({ target_id: name, target_name: name, policy_name: null, compliant, violations }) as Compliance
const sentence = (...kept: boolean[]): string => sentenceOfCompliance(kept.map((compliant) => ({ compliant })), i18n.global.t)
beforeEach(() => (i18n.global.locale.value = 'en'))

describe('compliance', () => {
  it('is said in a sentence, with its plural', () => {
    expect(sentence(...Array<boolean>(12).fill(true))).toBe('All 12 targets have what is promised.')
    expect(sentence(true, false, false, true)).toBe('2 of 4 do not have what is promised.')
    expect(sentence(true, false)).toBe('One of 2 does not have what is promised.')
    expect([sentence(true), sentence(false)]).toEqual(['The only target has what is promised.', 'The only target does not have what is promised.'])
    i18n.global.locale.value = 'de'
    expect(sentence(true, false)).toBe('Eines von 2 hat nicht, was zugesagt ist.')
  })
  it('lists what is missing: the worst first, then what has lasted longest', () => {
    const missing = missingOf([
      report('a', [violation('info', '2026-01-01T00:00:00Z', 'retention_violated')], true),
      report('b', [violation('critical', '2026-01-03T00:00:00Z'), violation('warning', '2026-01-01T00:00:00Z', 'retention_violated')]),
      report('c', [violation('critical', '2026-01-02T00:00:00Z')]),
      report('d', []),
    ])
    expect(missing.map((one) => `${one.name} ${one.severity}`)).toEqual(['c critical', 'b critical', 'b warning', 'a info'])
    expect(missing[0]).toMatchObject({ target: 'c', type: 'backup_failed', description: 'why' })
  })
  it('is reported by months, over the turn of the year', () => {
    expect(monthsUntil(new Date(2026, 1, 28), 4)).toEqual(['2026-02', '2026-01', '2025-12', '2025-11'])
  })
})
