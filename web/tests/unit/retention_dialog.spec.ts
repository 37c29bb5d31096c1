// @vitest-environment happy-dom
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api, type Repository } from '../../src/api/client'
import RetentionDialog from '../../src/components/RetentionDialog.vue'
import { i18n } from '../../src/i18n'

const policy = { id: 'p', name: 'nightly', repository_id: 'r', retention_rules: { keep_last: 3 } }
async function ask(kind: 'prune' | 'forget', damage: Repository['damage'] | null) {
  const wrapper = mount(RetentionDialog, {
    props: { repository: { id: 'r', name: 'nas', damage } as Repository, kind },
    attachTo: document.body,
    global: { plugins: [i18n, [VueQueryPlugin, { queryClient: new QueryClient() }]] },
  })
  await flushPromises()
  return wrapper
}
const damage = { task_id: 't', found_at: '2026-01-02T03:04:05Z', reads: '' } as unknown as Repository['damage']

beforeEach(() => {
  i18n.global.locale.value = 'en'
  document.body.innerHTML = ''
  vi.spyOn(api, 'policies').mockResolvedValue({ items: [policy], next: null } as never)
})
afterEach(() => vi.restoreAllMocks())

describe('the dialog before something is removed', () => {
  it('frees space without a question where nothing is wrong', async () => {
    const wrapper = await ask('prune', null)
    expect(wrapper.find('[data-test=damaged]').exists()).toBe(false)
    expect(wrapper.find('[data-test=sure]').exists()).toBe(false)
    await wrapper.get('[data-test=prune]').trigger('click')
    expect(wrapper.emitted('start')).toEqual([[null]])
  })
  it('asks once more where the repository is known to be damaged', async () => {
    const wrapper = await ask('prune', damage)
    expect(wrapper.get('[data-test=damaged]').text()).toMatch(/found damage/)
    await wrapper.get('[data-test=prune]').trigger('click')
    expect(wrapper.emitted('start')).toBeUndefined()
    await wrapper.get('[data-test=sure]').setValue(true)
    await wrapper.get('[data-test=prune]').trigger('click')
    expect(wrapper.emitted('start')).toEqual([[null]])
  })
  it('needs a policy to remove snapshots, however sure one is', async () => {
    const wrapper = await ask('forget', damage)
    await wrapper.get('[data-test=sure]').setValue(true)
    await wrapper.get('[data-test=forget]').trigger('click')
    expect(wrapper.emitted('start')).toBeUndefined()
    await wrapper.get('[data-retention=nightly] input').setValue(true)
    await wrapper.get('[data-test=sure]').setValue(true)
    await wrapper.get('[data-test=forget]').trigger('click')
    expect(wrapper.emitted('start')).toEqual([[policy]])
  })
})
