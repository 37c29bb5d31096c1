import { describe, expect, it } from 'vitest'
import type { TargetStatus } from '../../src/api/client'
import { summarize } from '../../src/utils/summary'

const target = (status: TargetStatus['status'], more: Partial<TargetStatus> = {}): TargetStatus =>
  ({ id: status, name: status, status, disabled: status === 'disabled', last_snapshot: null, next_run_at: null, running_task_id: null, ...more }) as TargetStatus

describe('summarize', () => {
  it('never says that everything is safe when nothing is protected', () => {
    expect(summarize([]).tone).toBe('none')
    expect(summarize([target('disabled')]).tone).toBe('none')
  })
  it('is good only if every enabled target is healthy', () => {
    expect(summarize([target('healthy'), target('disabled')]).key).toBe('allGood')
    expect(summarize([target('healthy'), target('healthy')]).tone).toBe('good')
    for (const bad of ['warning', 'unhealthy', 'unknown'] as const) {
      const summary = summarize([target('healthy'), target(bad)])
      expect(summary.tone).toBe('bad')
      expect(summary.parameters).toEqual({ good: 1, all: 2, bad: 1 })
    }
  })
  it('waits for first backups without alarm', () => {
    expect(summarize([target('unknown'), target('unknown')]).tone).toBe('waiting')
    expect(summarize([target('unknown'), target('unhealthy')]).tone).toBe('bad')
  })
  it('lists exactly what its sentence counts', () => {
    const summary = summarize([target('healthy'), target('unknown'), target('unhealthy'), target('warning'), target('disabled')])
    expect(summary.parameters.bad).toBe(3)
    expect(summary.attention.map((one) => one.status)).toEqual(['unhealthy', 'warning', 'unknown'])
    expect(summarize([target('unknown')]).attention).toEqual([])
  })
  it('never names a next run that is past: it is due', () => {
    const now = new Date('2026-01-02T00:00:25.000Z')
    const late = target('healthy', { next_run_at: '2026-01-02T00:00:00.000Z' })
    const later = target('healthy', { next_run_at: '2026-01-02T12:00:00.000Z' })
    expect(summarize([late, later], now)).toMatchObject({ nextBackup: '2026-01-02T12:00:00.000Z', due: 1 })
    expect(summarize([{ ...late, running_task_id: 'x' }], now)).toMatchObject({ nextBackup: null, due: 0 })
  })
  it('names the newest backup, the next run, and whether one is running', () => {
    const summary = summarize([
      target('healthy', { last_snapshot: '2026-01-01T00:00:00.000Z', next_run_at: '2026-01-03T00:00:00.000Z' }),
      target('healthy', { last_snapshot: '2026-01-02T00:00:00.000Z', next_run_at: '2026-01-02T12:00:00.000Z', running_task_id: 'x' }),
    ], new Date('2026-01-02T06:00:00.000Z'))
    expect(summary.lastBackup).toBe('2026-01-02T00:00:00.000Z')
    expect(summary.nextBackup).toBe('2026-01-02T12:00:00.000Z')
    expect(summary.running).toBe(true)
  })
})
