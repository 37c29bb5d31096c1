// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import ConfirmByName from '../../src/components/ConfirmByName.vue'
import { i18n } from '../../src/i18n'

const dialog = () =>
  mount(ConfirmByName, {
    props: { name: 'nas', title: 'Start anew', confirmLabel: 'Remove it' },
    slots: { default: 'All snapshots go.' },
    global: { plugins: [i18n] },
    attachTo: document.body,
  })

beforeEach(() => {
  i18n.global.locale.value = 'en'
  document.body.innerHTML = ''
})

describe('ConfirmByName', () => {
  it('says what will happen and which name it wants', () => {
    const wrapper = dialog()
    expect(wrapper.text()).toContain('Start anew')
    expect(wrapper.text()).toContain('All snapshots go.')
    expect(wrapper.get('[data-test=wanted-name]').text()).toBe('nas')
    expect(wrapper.get(`label[for="${wrapper.get('input').element.id}"]`).text()).toContain('nas')
  })
  it('confirms by button or Enter, but only once the name is there, in its own case', async () => {
    const wrapper = dialog()
    for (const text of ['', 'na', 'NAS', 'nas2']) {
      await wrapper.get('input').setValue(text)
      expect(wrapper.get('[data-test=confirm]').attributes('disabled'), text).toBeDefined()
      await wrapper.get('form').trigger('submit')
    }
    expect(wrapper.emitted('confirm')).toBeUndefined()
    await wrapper.get('input').setValue(' nas ')
    expect(wrapper.get('[data-test=confirm]').attributes('disabled')).toBeUndefined()
    await wrapper.get('form').trigger('submit')
    expect(wrapper.emitted('confirm')).toHaveLength(1)
  })
  it('is left by its button and by Esc', async () => {
    const wrapper = dialog()
    await wrapper.get('[data-test=cancel]').trigger('click')
    await wrapper.get('dialog').trigger('cancel')
    expect(wrapper.emitted('cancel')).toHaveLength(2)
    expect(wrapper.emitted('confirm')).toBeUndefined()
  })
})
