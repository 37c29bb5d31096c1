// @vitest-environment happy-dom
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from '../../src/api/client'
import { ApiError } from '../../src/api/errors'
import ScheduleField from '../../src/components/ScheduleField.vue'
import { i18n } from '../../src/i18n'

async function field(schedule: string, timezone = 'Asia/Tokyo') {
  const wrapper = mount(ScheduleField, {
    props: {
      schedule,
      timezone,
      'onUpdate:schedule': (now: string) => void wrapper.setProps({ schedule: now }),
      'onUpdate:timezone': (now: string) => void wrapper.setProps({ timezone: now }),
    },
    attachTo: document.body,
    global: { plugins: [i18n, [VueQueryPlugin, { queryClient: new QueryClient({ defaultOptions: { queries: { retry: false } } }) }]] },
  })
  await flushPromises()
  const expression = (): string => (wrapper.get('#schedule').element as HTMLInputElement).value
  const chosen = (): string => (wrapper.get('input[type=radio]:checked').element as HTMLInputElement).value
  const change = async (test: string, value: unknown): Promise<void> => {
    await wrapper.get(`[data-test=${test}]`).setValue(value)
    await flushPromises()
  }
  return { wrapper, expression, chosen, change }
}
enableAutoUnmount(afterEach)
let preview: ReturnType<typeof vi.spyOn>
beforeEach(() => {
  i18n.global.locale.value = 'en'
  document.body.innerHTML = ''
  preview = vi.spyOn(api, 'preview').mockResolvedValue({ next: ['2026-01-30T17:00:00.000Z'], varies: false } as never)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('the field of a schedule', () => {
  it('writes what is picked', async () => {
    const { wrapper, expression, chosen, change } = await field('0 2 * * *')
    expect(chosen()).toBe('daily')
    await change('time', '03:30')
    expect(expression()).toBe('30 3 * * *')
    await change('often-weekly', true)
    await change('weekday-5', true)
    expect(expression()).toBe('30 3 * * 1,5')
    expect(wrapper.get('[data-test=words]').text()).toBe('Every Monday and every Friday at 03:30 (Asia/Tokyo)')
    await change('often-monthly', true)
    await change('day', '0')
    expect(expression()).toBe('30 3 L * *')
    await change('spread', true)
    expect(expression()).toBe('H H L * *')
    expect(wrapper.find('[data-test=time]').exists()).toBe(false)
    await change('often-hourly', true)
    await change('step', '6')
    expect(expression()).toBe('H */6 * * *')
  })
  it('keeps one day of the week at least', async () => {
    const { expression, change } = await field('0 2 * * 1')
    await change('weekday-1', false)
    expect(expression()).toBe('0 2 * * 1')
  })
  it('follows an expression that is written, and leaves one alone that the pickers do not have', async () => {
    const { wrapper, expression, chosen } = await field('0 2 * * friL')
    expect(chosen()).toBe('custom')
    expect(wrapper.get('[data-test=words]').text()).toBe('On the last Friday of each month at 02:00 (Asia/Tokyo)')
    await wrapper.get('#schedule').setValue('15 * * * *')
    expect(chosen()).toBe('hourly')
    expect(expression()).toBe('15 * * * *')
    expect((wrapper.get('[data-test=minute]').element as HTMLInputElement).value).toBe('15')
  })
  it('shows an own expression without changing it', async () => {
    const { expression, chosen, change } = await field('0 2 * * *')
    await change('often-custom', true)
    expect(chosen()).toBe('custom')
    expect(expression()).toBe('0 2 * * *')
  })
  it('tells the next runs in the zone and here, and that an H is each agent’s own', async () => {
    preview.mockResolvedValue({ next: ['2026-01-30T17:00:00.000Z'], varies: true } as never)
    const { wrapper } = await field('H 2 * * *')
    const runs = wrapper.get('[data-test=runs]').text()
    expect(runs).toMatch(/Jan(uary)? 31|31 Jan/)
    expect(runs).toMatch(/2:00:00/)
    expect(runs).toMatch(/Jan(uary)? 30|30 Jan/)
    expect(runs).toMatch(/here/)
    expect(runs).toMatch(/times of its own/)
  })
  it('asks a moment after the last letter, and says what the host finds wrong', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { wrapper } = await field('0 2 * * *')
    expect(preview).toHaveBeenCalledTimes(1)
    preview.mockRejectedValue(new ApiError('ErrInvalidCron', 'The schedule\'s minute "x" is no number.', 400, []) as never)
    await wrapper.get('#schedule').setValue('x 2 * * *')
    expect(preview).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(300)
    await flushPromises()
    expect(preview).toHaveBeenLastCalledWith('x 2 * * *', 'Asia/Tokyo', [])
    expect(wrapper.find('[role=alert]').exists()).toBe(true)
    expect(wrapper.get('#schedule').attributes('aria-invalid')).toBe('true')
  })
  it('names each of its controls', async () => {
    for (const schedule of ['5 * * * *', '0 2 * * *', '0 2 * * 1', '0 2 1 * *', 'x']) {
      const { wrapper } = await field(schedule)
      for (const control of wrapper.findAll('input, select')) {
        const element = control.element as HTMLInputElement
        expect(element.getAttribute('aria-label') || element.labels?.[0]?.textContent?.trim(), element.outerHTML).toBeTruthy()
      }
      wrapper.unmount()
    }
  })
})
