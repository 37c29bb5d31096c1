// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import LiveLog from '../../src/components/LiveLog.vue'
import { i18n } from '../../src/i18n'
import { absolute } from '../../src/utils/format'

const lines = Array.from({ length: 1500 }, (_, i) => ({ seq: i + 1, attempt: 1, timestamp: '2026-01-31T10:13:50.000Z', level: i === 1499 ? ('error' as const) : ('info' as const), message: `line ${i + 1}.` }))

describe('LiveLog', () => {
  it('shows the end of a long log, and the rest on request', async () => {
    i18n.global.locale.value = 'en'
    const wrapper = mount(LiveLog, { props: { lines, name: 'run' }, global: { plugins: [i18n] } })
    expect(wrapper.text()).toContain('line 1500.')
    expect(wrapper.text()).not.toContain('line 500.')
    await wrapper.get('[data-test=earlier]').trigger('click')
    expect(wrapper.text()).toContain('line 1.')
    expect(wrapper.find('[data-test=earlier]').exists()).toBe(false)
  })
  it('says times as the rest of the page does: local, with date and zone', () => {
    const wrapper = mount(LiveLog, { props: { lines: lines.slice(0, 1), name: 'run' }, global: { plugins: [i18n] } })
    expect(wrapper.get('time').text()).toBe(absolute(new Date(lines[0]!.timestamp), navigator.languages.find((tag) => tag.startsWith('en')) ?? 'en'))
  })
})
