// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { api, type Repository } from '../../src/api/client'
import { ApiError } from '../../src/api/errors'
import RepositoryForm from '../../src/components/RepositoryForm.vue'
import { i18n } from '../../src/i18n'

const VERSION = '"v7"'
const AGENT = '0190f3a0-0000-7000-8000-000000000001'
const stored = {
  id: 'r', name: 'offsite', type: 's3', url: 's3:s3.example.com/bucket/store',
  config: { endpoint: 'https://s3.example.com', bucket: 'bucket', path: 'store', access_key_id: 'AKIA' },
  secret_fields: ['secret_access_key'], agent_id: null, password_set: true, password_file: null, cert_file: '/etc/ca.pem',
  environment_vars: { AWS_DEFAULT_REGION: 'eu-1' },
  maintenance: { forget_schedule: '', prune_schedule: '1 2 * * 3', check_schedule: '', stats_schedule: '', timezone: 'UTC', check_subset: '5%', next_runs: {}, problems: {}, last: [] },
  maintenance_agent_id: AGENT, append_only: true, open_tasks: [], first_success_at: null, created_at: 'c', updated_at: '2026-01-02T03:04:05.000006Z',
} as unknown as Repository

let wrapper: ReturnType<typeof open>
function open(repository?: Repository) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/one/:id', name: 'repository', component: { template: '<i/>' } }, { path: '/:any(.*)*', name: 'repositories', component: { template: '<i/>' } }] })
  return mount(RepositoryForm, { props: { repository, version: VERSION }, attachTo: document.body, global: { plugins: [i18n, router, [VueQueryPlugin, { queryClient: new QueryClient() }]] } })
}
const field = (name: string) => wrapper.get(`[data-field="/config/${name}"]`)
const input = (name: string) => field(name).get('input')
const test = () => wrapper.get('[data-test=test]').element as HTMLButtonElement

beforeEach(() => {
  i18n.global.locale.value = 'en'
  vi.spyOn(api, 'agents').mockResolvedValue({ items: [{ id: AGENT, hostname: 'web-01', status: 'online' }], next: null } as never)
})
afterEach(() => {
  wrapper.unmount()
  vi.restoreAllMocks()
})

describe('the form of a repository that is changed', () => {
  it('has the present values, and says of what is secret that it is kept', () => {
    wrapper = open(stored)
    expect((wrapper.get('[data-test=name]').element as HTMLInputElement).value).toBe('offsite')
    expect((input('bucket').element as HTMLInputElement).value).toBe('bucket')
    expect((input('secret_access_key').element as HTMLInputElement).value).toBe('')
    expect(input('secret_access_key').attributes('required')).toBeUndefined()
    expect(field('secret_access_key').text()).toContain('Kept; type to replace')
    expect(wrapper.get('[data-test=password]').attributes('required')).toBeUndefined()
    expect(wrapper.get('[data-test=address-hint]').text()).toMatch(/changes the address gives the secrets again/)
    expect((wrapper.get('[data-test=prune_schedule]').element as HTMLInputElement).value).toBe('1 2 * * 3')
    expect(wrapper.get('[data-test=kind]').attributes('disabled')).toBeDefined()
  })
  it('removes a secret that is kept, and keeps it after all', async () => {
    const changed = vi.spyOn(api, 'changeRepository').mockResolvedValue(stored)
    wrapper = open(stored)
    const unset = field('secret_access_key').get('[data-test=unset]')
    const sent = async () => {
      await wrapper.get('form').trigger('submit')
      await flushPromises()
      return (changed.mock.lastCall?.[2].config ?? {}) as Record<string, unknown>
    }
    await unset.setValue(true)
    expect((await sent()).secret_access_key).toBe(null)
    await unset.setValue(false)
    expect(await sent()).not.toHaveProperty('secret_access_key')
    expect(wrapper.find('[data-field="/config/session_token"] [data-test=unset]').exists()).toBe(false)
  })
  it('changes what was typed and nothing else, as the version that was shown', async () => {
    const changed = vi.spyOn(api, 'changeRepository').mockResolvedValue(stored)
    wrapper = open(stored)
    await wrapper.get('[data-test=name]').setValue('elsewhere')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(changed).toHaveBeenCalledWith('r', VERSION, {
      name: 'elsewhere', type: 's3', config: stored.config, agent_id: null, password_file: null, cert_file: '/etc/ca.pem', environment_vars: { AWS_DEFAULT_REGION: 'eu-1' },
      maintenance: { forget_schedule: '', prune_schedule: '1 2 * * 3', check_schedule: '', stats_schedule: '', timezone: 'UTC', check_subset: '5%' }, maintenance_agent_id: AGENT, append_only: true,
    })
    expect(wrapper.emitted('saved')).toHaveLength(1)
  })
  it('sends secrets that were typed, which can then be tested', async () => {
    const tested = vi.spyOn(api, 'testUnsavedRepository').mockResolvedValue({ id: 't', status: 'queued' })
    vi.spyOn(api, 'task').mockResolvedValue({ id: 't', type: 'test', status: 'queued', agent_id: AGENT } as never)
    wrapper = open(stored)
    await flushPromises()
    expect(test().disabled, 'the page does not have what is kept').toBe(true)
    expect(wrapper.get('[data-test=untyped]').text()).toMatch(/save, then press “Test”/)
    await input('secret_access_key').setValue('another')
    expect(test().disabled).toBe(true)
    await wrapper.get('[data-test=password]').setValue('and this')
    expect(test().disabled).toBe(false)
    expect(wrapper.find('[data-test=untyped]').exists()).toBe(false)
    await wrapper.get('[data-test=test]').trigger('click')
    await flushPromises()
    expect(tested).toHaveBeenCalledWith(expect.objectContaining({ password: 'and this', config: { ...(stored.config as object), secret_access_key: 'another' }, agent_id: AGENT }), 'r')
  })
  it('says that somebody was faster, and shows what is there now', async () => {
    vi.spyOn(api, 'changeRepository').mockRejectedValue(new ApiError('PreconditionFailed', 'Somebody changed it since you read it.', 412, []))
    wrapper = open(stored)
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(wrapper.get('[role=alert]').text()).toContain('Somebody changed it')
    expect(wrapper.emitted('saved')).toBeUndefined()
    expect(wrapper.get('[role=alert] button').text()).toBe('Show what is there now')
    await wrapper.get('[role=alert] button').trigger('click')
    expect(wrapper.emitted('outdated')).toHaveLength(1)
  })
  it('asks for the address as it was written where no field has it', async () => {
    const changed = vi.spyOn(api, 'changeRepository').mockResolvedValue(stored)
    wrapper = open({ ...stored, config: {}, secret_fields: [] } as Repository)
    expect(wrapper.find('[data-field="/config/bucket"]').exists()).toBe(false)
    await wrapper.get('[data-test=url]').setValue('s3:s3.example.com/bucket/other')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(changed.mock.calls[0]![2]).toMatchObject({ url: 's3:s3.example.com/bucket/other', config: {} })
  })
})

describe('files on the agent', () => {
  it('stand for the password, and for the authority of the storage', async () => {
    const created = vi.spyOn(api, 'createRepository').mockResolvedValue(stored)
    wrapper = open()
    await wrapper.get('[data-test=kind]').setValue('rest')
    await wrapper.get('[data-test=name]').setValue('offsite')
    await input('url').setValue('https://backup.example.com/')
    expect(wrapper.get('[data-test=password]').attributes('required')).toBeDefined()
    await wrapper.get('[data-test=password-file]').setValue(' /etc/restic/password ')
    expect(wrapper.get('[data-test=password]').attributes('required')).toBeUndefined()
    await wrapper.get('[data-test=cert-file]').setValue('/etc/ca.pem')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    const sent = created.mock.calls[0]![0]
    expect(sent).toMatchObject({ password_file: '/etc/restic/password', cert_file: '/etc/ca.pem' })
    expect(sent).not.toHaveProperty('password')
  })
})
