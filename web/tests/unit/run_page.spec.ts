// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { api } from '../../src/api/client'
import { i18n } from '../../src/i18n'
import RunPage from '../../src/pages/RunPage.vue'

describe('RunPage', () => {
  it('says why a success is a warning', async () => {
    i18n.global.locale.value = 'en'
    const why = 'Only 20 files were saved; the last run had 1200 files. Is what is backed up mounted?'
    vi.spyOn(api, 'run').mockResolvedValue({ id: 'r', status: 'warning', error_message: why, unread_count: 0, unread_items: [], agent_hostname: 'web-01', start_time: '2026-01-31T10:13:50.000Z' } as never)
    vi.spyOn(api, 'task').mockResolvedValue({ id: 'r', status: 'warning', attempt: 1, error: null, progress: null, result: null } as never)
    vi.spyOn(api, 'log').mockResolvedValue({ items: [], next: null } as never)
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '<i/>' } }] })
    const wrapper = mount(RunPage, { props: { id: 'r' }, global: { plugins: [i18n, router, [VueQueryPlugin, { queryClient: new QueryClient() }]] } })
    await vi.waitFor(() => expect(wrapper.text()).toContain(why))
    wrapper.unmount()
  })
})
