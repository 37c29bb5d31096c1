// @vitest-environment happy-dom
import { mount, type ComponentMountingOptions } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Component } from 'vue'
import type { ComplianceDay } from '../../src/api/client'
import Bytes from '../../src/components/Bytes.vue'
import DayStrip from '../../src/components/DayStrip.vue'
import EmptyState from '../../src/components/EmptyState.vue'
import StatusBadge from '../../src/components/StatusBadge.vue'
import TimeAgo from '../../src/components/TimeAgo.vue'
import { now } from '../../src/composables/useNow'
import { i18n } from '../../src/i18n'
import en from '../../src/i18n/en'
import { daysOf, daysOfTargets, promiseOfDay, stateOfDay, type Day, type DayState } from '../../src/utils/days'

const show = (component: Component, props: Record<string, unknown>, options: ComponentMountingOptions<unknown> = {}) =>
  mount(component, { props, global: { plugins: [i18n] }, ...options } as never)

beforeEach(() => (i18n.global.locale.value = 'en'))

describe('Bytes', () => {
  it('says a size in IEC units, the exact number on hover, and nothing of what is not known', () => {
    const size = show(Bytes, { value: 1536 })
    expect(size.text()).toBe('1.50 KiB')
    expect(size.attributes('title')).toMatch(/1,536\sB|1536 B/)
    const unknown = show(Bytes, { value: null })
    expect([unknown.text(), unknown.attributes('title')]).toEqual(['–', undefined])
  })
})

describe('TimeAgo', () => {
  it('says when, with the exact time for machines and on hover', () => {
    const at = new Date(now.value.getTime() - 3 * 3_600_000).toISOString()
    const time = show(TimeAgo, { at })
    expect(time.text()).toMatch(/^3 hr?\.? ago$/)
    expect(time.attributes('datetime')).toBe(at)
    expect(time.attributes('title')).toContain(String(new Date(at).getFullYear()))
    expect(show(TimeAgo, { at: null }).text()).toBe('never')
  })
})

describe('EmptyState', () => {
  it('says what is missing, why, and what to do next', () => {
    const empty = show(EmptyState, { title: 'No agent.', hint: 'One runs on each machine.' }, { slots: { default: '<button>Add</button>' } })
    expect(empty.text()).toContain('No agent.')
    expect(empty.text()).toContain('One runs on each machine.')
    expect(empty.get('button').text()).toBe('Add')
    expect(empty.get('svg').attributes('aria-hidden')).toBe('true')
  })
})

describe('StatusBadge', () => {
  it('has an icon, a word and a colour for every state there is', () => {
    for (const state of Object.keys(en.state)) {
      const badge = show(StatusBadge, { state })
      expect(badge.text(), state).toBe(en.state[state as keyof typeof en.state])
      expect(badge.find('svg[aria-hidden=true]').exists(), state).toBe(true)
      expect(badge.classes().some((name) => /^badge-(success|warning|error|info|ghost)$/.test(name)), state).toBe(true)
    }
    const iconOf = (state: string): string => show(StatusBadge, { state }).get('svg').html()
    expect(new Set(['success', 'warning', 'failed', 'running', 'queued', 'cancelled', 'offline'].map(iconOf)).size).toBe(7)
  })
})

const day = (date: string, status: ComplianceDay['status'], compliant = true, violations: string[] = []): ComplianceDay => ({ day: date, status, compliant, violations })

describe('days', () => {
  const at = (date: string, hour: number) => new Date(`${date}T${String(hour).padStart(2, '0')}:00:00`).toISOString()
  it('are those of the calendar, up to today, each by its best outcome', () => {
    const days = daysOf(
      [
        { start_time: at('2026-03-27', 2), status: 'success' },
        { start_time: at('2026-03-29', 1), status: 'failed' },
        { start_time: at('2026-03-29', 23), status: 'warning' },
        { start_time: at('2026-03-30', 12), status: 'failed' },
        { start_time: at('2026-03-31', 1), status: 'running' },
        { start_time: at('2025-03-30', 1), status: 'success' },
      ],
      new Date(2026, 2, 31, 23, 59),
      5,
    )
    expect(days).toEqual([
      { date: '2026-03-27', state: 'success' },
      { date: '2026-03-28', state: 'none' },
      { date: '2026-03-29', state: 'warning' },
      { date: '2026-03-30', state: 'failed' },
      { date: '2026-03-31', state: 'none' },
    ])
  })
  it('are a strip, and a sentence for those who do not see it', () => {
    const states: DayState[] = ['success', 'success', 'failed', 'none', 'warning', 'failed', 'failed', 'failed']
    const days: Day[] = states.map((state, index) => ({ date: `2026-01-0${index + 1}`, state }))
    const strip = show(DayStrip, { days, of: 'runs' })
    expect(strip.findAll('[data-day]').map((one) => one.attributes('data-day'))).toEqual(states)
    expect(new Set(strip.findAll('[data-day]').map((one) => one.classes().find((name) => name.startsWith('h-')))).size, 'by form too').toBeGreaterThan(2)
    expect(strip.get('figcaption').text()).toMatch(/^The last 8 days: 2 with a backup · one with a warning \(.*5.*\) · 4 failed \(… .*6.*, .*7.*, .*8.*\) · one without a backup$/)
  })
  it('of a target end on the same date for all, and say nothing of those that nobody knows', () => {
    const known = new Map<string, ComplianceDay[]>([
      ['a', [day('2026-03-30', 'healthy'), day('2026-04-01', 'unhealthy', false, ['backup_failed'])]],
      ['b', []],
    ])
    const of = daysOfTargets(known, new Date(2026, 2, 31, 12), 3, stateOfDay)
    expect(of('a')).toEqual([
      { date: '2026-03-30', state: 'success', violations: [] },
      { date: '2026-03-31', state: 'none' },
      { date: '2026-04-01', state: 'failed', violations: ['backup_failed'] },
    ])
    expect(of('b').map((one) => one.date)).toEqual(of('a').map((one) => one.date))
    expect(of('unheard of').every((one) => one.state === 'none')).toBe(true)
  })
  it('say in one way how a target was, and in another whether it had what is promised', () => {
    const damaged = day('2026-04-01', 'unhealthy')
    expect([stateOfDay(damaged), promiseOfDay(damaged)]).toEqual(['failed', 'warning'])
    const late = day('2026-04-01', 'warning', false, ['retention_violated'])
    expect([stateOfDay(late), promiseOfDay(late)]).toEqual(['warning', 'failed'])
    expect([day('2026-04-01', 'unknown'), day('2026-04-01', 'healthy')].map(promiseOfDay)).toEqual(['none', 'success'])
  })
  it('of more than a month are weeks from Monday on, and name what was missing', () => {
    const days: Day[] = daysOfTargets(new Map([['a', [day('2026-04-01', 'unhealthy', false, ['backup_failed'])]]]), new Date(2026, 3, 1), 90, promiseOfDay)('a')
    const map = show(DayStrip, { days, of: 'promise', compact: true })
    expect(map.findAll('[data-day]')).toHaveLength(90)
    // The 2nd of January 2026 is a Friday.
    expect(map.get('[data-day]').attributes('style')).toContain('grid-row-start: 5')
    expect(map.findAll('[data-day]').at(-1)!.attributes('title')).toBe('Apr 1: not kept (Backup failed)')
    expect(map.get('figcaption').classes()).toContain('sr-only')
    expect(map.get('figcaption').text()).toMatch(/not kept on one \(.*1.*\) · of 89 nothing is known$/)
  })
})
