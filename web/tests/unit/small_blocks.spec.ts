// @vitest-environment happy-dom
import { mount, type ComponentMountingOptions } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Component } from 'vue'
import Bytes from '../../src/components/Bytes.vue'
import DayStrip from '../../src/components/DayStrip.vue'
import EmptyState from '../../src/components/EmptyState.vue'
import LightRow from '../../src/components/LightRow.vue'
import StatusBadge from '../../src/components/StatusBadge.vue'
import TimeAgo from '../../src/components/TimeAgo.vue'
import { now } from '../../src/composables/useNow'
import { i18n } from '../../src/i18n'
import en from '../../src/i18n/en'
import { daysOf, type Day, type DayState } from '../../src/utils/days'
import { LIGHTS, type LightState } from '../../src/utils/lights'

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

describe('LightRow', () => {
  it('shows all four, each by icon and word, with its age where there is one', () => {
    const at = new Date(now.value.getTime() - 86_400_000 * 5).toISOString()
    const states: LightState[] = ['healthy', 'held', 'unhealthy', 'none']
    const lights = Object.fromEntries(LIGHTS.map((name, index) => [name, { state: states[index]!, at: name === 'check' ? at : null }]))
    const row = show(LightRow, { lights })
    expect(row.findAll('[data-light]').map((one) => one.attributes('data-light'))).toEqual([...LIGHTS])
    expect(row.findAll('dt').map((one) => one.text())).toEqual(['Backup', 'Retention', 'Check', 'Restore test'])
    expect(row.findAll('dd').map((one) => one.text().replace(/\s+/g, ' '))).toEqual(['good', 'held', expect.stringMatching(/^failed ?5 days ago$/), 'n/a'])
    expect(new Set(row.findAll('svg').map((one) => one.html())).size).toBe(4)
    expect(row.get('time').attributes('datetime')).toBe(at)
  })
})

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
    const strip = show(DayStrip, { days })
    expect(strip.findAll('[data-day]').map((one) => one.attributes('data-day'))).toEqual(states)
    expect(new Set(strip.findAll('[data-day]').map((one) => one.classes().find((name) => name.startsWith('h-')))).size, 'by form too').toBeGreaterThan(2)
    expect(strip.get('figcaption').text()).toMatch(/^The last 8 days: 2 with a backup · one with a warning \(.*5.*\) · 4 failed \(… .*6.*, .*7.*, .*8.*\) · one without a backup$/)
  })
})
