import type { Compliance, PolicyViolation } from '../api/client'

type Report = Pick<Compliance, 'target_id' | 'target_name' | 'policy_name' | 'violations'>
/** What one target does not have that is promised of it. */
export interface Missing extends PolicyViolation {
  target: string
  name: string
  policy: string | null
}

const WORST_FIRST: readonly PolicyViolation['severity'][] = ['critical', 'warning', 'info']

/** All that is missing: the worst first, of those as bad what has lasted longest. */
export function missingOf(reports: readonly Report[]): Missing[] {
  const all = reports.flatMap((one) => one.violations.map((violation) => ({ ...violation, target: one.target_id, name: one.target_name, policy: one.policy_name ?? null })))
  return all.sort((a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity) || Date.parse(a.timestamp) - Date.parse(b.timestamp) || a.name.localeCompare(b.name))
}

type Translate = (key: string, parameters: Record<string, unknown>, plural: number) => string
/** Whether all have what is promised. */
export function sentenceOfCompliance(reports: readonly Pick<Compliance, 'compliant'>[], t: Translate): string {
  const all = reports.length
  const count = reports.filter((one) => !one.compliant).length
  if (count === 0) return t('compliance.kept', { count: all }, all)
  return all === 1 ? t('compliance.onlyBroken', {}, 1) : t('compliance.broken', { count, all }, count)
}

/** The last `count` months as "2026-11", the newest first. */
export const monthsUntil = (today: Date, count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const month = new Date(today.getFullYear(), today.getMonth() - index, 1)
    return `${month.getFullYear()}-${String(month.getMonth() + 1).padStart(2, '0')}`
  })
