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
    expect(summarize([target('healthy'), target('disabled')]).key).toBe('dashboard.allGood')
    expect(summarize([target('healthy'), target('healthy')]).key).toBe('dashboard.allGoodCount')
    for (const bad of ['warning', 'unhealthy', 'unknown'] as const) {
      const summary = summarize([target('healthy'), target(bad)])
      expect(summary.tone).toBe('bad')
      expect(summary.parameters).toEqual({ good: 1, count: 2, bad: 1 })
    }
  })
  it('waits for first backups without alarm', () => {
    expect(summarize([target('unknown'), target('unknown')]).tone).toBe('waiting')
    expect(summarize([target('unknown'), target('unhealthy')]).tone).toBe('bad')
  })
  it('names the newest backup, the next run, and whether one is running', () => {
    const summary = summarize([
      target('healthy', { last_snapshot: '2026-01-01T00:00:00.000Z', next_run_at: '2026-01-03T00:00:00.000Z' }),
      target('healthy', { last_snapshot: '2026-01-02T00:00:00.000Z', next_run_at: '2026-01-02T12:00:00.000Z', running_task_id: 'x' }),
    ])
    expect(summary.lastBackup).toBe('2026-01-02T00:00:00.000Z')
    expect(summary.nextBackup).toBe('2026-01-02T12:00:00.000Z')
    expect(summary.running).toBe(true)
  })
})
