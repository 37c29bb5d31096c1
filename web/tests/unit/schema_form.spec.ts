// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import type { Problem } from '../../src/api/errors'
import SchemaForm from '../../src/components/SchemaForm.vue'
import { i18n } from '../../src/i18n'
import { below, essence, kindOf, membersOf, type JsonSchema } from '../../src/schema/json_schema'

const schema: JsonSchema = {
  type: 'object',
  required: ['name', 'role'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 255, description: 'As it is shown' },
    role: { type: 'string', enum: ['viewer', 'admin'] },
    priority: { type: ['integer', 'null'], minimum: 0, maximum: 10 },
    ratio: { type: 'number' },
    enabled: { type: 'boolean' },
    password: { type: ['string', 'null'], writeOnly: true },
    include_paths: { type: 'array', items: { type: 'string' }, minItems: 1 },
    'a/b': { type: 'object', additionalProperties: { type: 'string' }, description: 'Names and values' },
    retention_rules: { anyOf: [{ type: 'object', properties: { keep_daily: { type: ['integer', 'null'], maximum: 100 } } }, { type: 'null' }] },
    anything: { type: 'object', additionalProperties: true },
  },
}
function form(initial: Record<string, unknown> = {}, problems: Problem[] = []) {
  const values = ref(initial)
  const wrapper = mount(
    { components: { SchemaForm }, setup: () => ({ values, schema, problems }), template: '<form><SchemaForm v-model="values" :schema="schema" :problems="problems" /></form>' },
    { global: { plugins: [i18n] }, attachTo: document.body },
  )
  const field = (pointer: string) => wrapper.get(`[data-field="${pointer}"]`)
  return { wrapper, values, field }
}
beforeEach(() => {
  i18n.global.locale.value = 'en'
  document.body.innerHTML = ''
})

describe('the order of fields', () => {
  it('is the one that the schema names, whatever became of its members on the way', () => {
    const sorted: JsonSchema = { properties: { databases: {}, host: {}, new: {}, user: {} }, 'x-order': ['host', 'user', 'databases'] }
    expect(membersOf(sorted).map(([name]) => name)).toEqual(['host', 'user', 'databases', 'new'])
  })
})

describe('a text that is a file elsewhere', () => {
  const key: JsonSchema = { type: 'object', properties: { key: { type: ['string', 'null'], writeOnly: true, maxLength: 32768 } } }
  const asked = () => {
    const values = ref<Record<string, unknown>>({})
    const wrapper = mount(
      { components: { SchemaForm }, setup: () => ({ values, key }), template: '<form><SchemaForm v-model="values" :schema="key" :problems="[]" /></form>' },
      { global: { plugins: [i18n] }, attachTo: document.body },
    )
    const choose = async (content: BlobPart[] | File) => {
      const input = wrapper.get('input[type=file]')
      const file = content instanceof File ? content : new File(content, 'id_ed25519')
      Object.defineProperty(input.element, 'files', { value: [file], configurable: true })
      await input.trigger('change')
      await new Promise((resolve) => setTimeout(resolve))
      await nextTick()
    }
    return { wrapper, values, choose }
  }
  it('keeps its lines when it is pasted, and when its file is chosen', async () => {
    const { wrapper, values, choose } = asked()
    await wrapper.get('textarea').setValue('first\nsecond\n')
    expect(values.value.key).toBe('first\nsecond\n')
    await choose(['-----BEGIN\nkey\n'])
    expect(values.value.key).toBe('-----BEGIN\nkey\n')
    expect(wrapper.get('textarea').element.value).toBe('-----BEGIN\nkey\n')
  })
  it('is not taken from a file that is too large or no text', async () => {
    const { wrapper, values, choose } = asked()
    await choose(['x'.repeat(32769)])
    expect(wrapper.get('[role=alert]').text()).toBe('The file is larger than 32.0 KiB.')
    await choose([new Uint8Array([0x30, 0x82, 0xff, 0x00])])
    expect(wrapper.get('[role=alert]').text()).toMatch(/^The file is no text/)
    const gone = new File(['x'], 'gone')
    gone.text = () => Promise.reject(new DOMException('gone', 'NotFoundError'))
    await choose(gone)
    expect(wrapper.get('[role=alert]').text()).toMatch(/^The file cannot be read/)
    expect(values.value).toEqual({})
    await choose(['fine'])
    expect(wrapper.find('[role=alert]').exists()).toBe(false)
    expect(values.value.key).toBe('fine')
  })
})

describe('the schema', () => {
  it('says how each value is asked for', () => {
    const kinds = Object.fromEntries(Object.entries(schema.properties!).map(([name, one]) => [name, kindOf(essence(one))]))
    expect(kinds).toEqual({
      name: 'text', role: 'choice', priority: 'number', ratio: 'number', enabled: 'flag', password: 'secret',
      include_paths: 'lines', 'a/b': 'map', retention_rules: 'group', anything: 'unknown',
    })
    expect(kindOf({ type: 'string', format: 'password' })).toBe('secret')
    expect(kindOf({ type: 'string', writeOnly: true, maxLength: 65536 }), 'the lines of a key matter').toBe('document')
    expect(below('/x', 'a/b~c')).toBe('/x/a~1b~0c')
  })
})

describe('SchemaForm', () => {
  it('gives each field its label, its limits and its description', () => {
    const { wrapper, field } = form()
    const name = field('/name').get('input')
    expect(wrapper.get(`label[for="${name.element.id}"]`).text()).toBe('Name')
    expect(name.attributes()).toMatchObject({ required: '', minlength: '1', maxlength: '255', type: 'text' })
    expect(document.getElementById(name.attributes('aria-describedby')!)?.textContent).toBe('As it is shown')
    expect(field('/priority').get('input').attributes()).toMatchObject({ type: 'number', min: '0', max: '10', step: '1' })
    expect(field('/priority').get('input').attributes('required')).toBeUndefined()
    expect(field('/ratio').get('input').attributes('step')).toBe('any')
    expect(field('/password').get('input').attributes()).toMatchObject({ type: 'password', autocomplete: 'new-password' })
    expect(field('/a~1b').text()).toContain('Names and values')
    expect(wrapper.find('[data-field="/anything"]').exists()).toBe(false)
    expect(field('/retention_rules').get('legend').text()).toBe('Keep')
  })
  it('speaks German where there is a word, and keeps descriptions for where there is none', () => {
    i18n.global.locale.value = 'de'
    const { field } = form()
    expect(field('/include_paths').get('label').text()).toContain('Was')
    expect(field('/name').text()).not.toContain('As it is shown')
    expect(field('/a~1b').get('label').text()).toContain('Names and values')
  })
  it('makes the value that the API takes, without what is empty', async () => {
    const { values, field } = form({ name: 'x', priority: 3, password: 'old' })
    await field('/name').get('input').setValue('nas')
    await field('/role').get('select').setValue('admin')
    await field('/priority').get('input').setValue('')
    await field('/ratio').get('input').setValue('0.5')
    await field('/enabled').get('input').setValue(true)
    await field('/password').get('input').setValue('')
    await field('/include_paths').get('textarea').setValue('/home\n\n  /etc ')
    await field('/retention_rules/keep_daily').get('input').setValue('7')
    await field('/a~1b').get('[data-test=add]').trigger('click')
    const [name, value] = field('/a~1b').findAll('input')
    await name!.setValue('KEY')
    await value!.setValue('1')
    expect(values.value).toEqual({ name: 'nas', role: 'admin', ratio: 0.5, enabled: true, include_paths: ['/home', '/etc'], retention_rules: { keep_daily: 7 }, 'a/b': { KEY: '1' } })
    await field('/retention_rules/keep_daily').get('input').setValue('')
    await field('/a~1b').get('[data-row] button').trigger('click')
    await field('/include_paths').get('textarea').setValue('\n')
    expect(values.value).toEqual({ name: 'nas', role: 'admin', ratio: 0.5, enabled: true })
  })
  it('shows what it was given, also later', async () => {
    const { values, field } = form({ role: 'viewer', include_paths: ['/home'], 'a/b': { KEY: '1' } })
    expect(field('/role').get('select').element.value).toBe('viewer')
    expect(field('/include_paths').get('textarea').element.value).toBe('/home')
    values.value = { role: 'admin', include_paths: ['/etc'], 'a/b': { OTHER: '2' } }
    await nextTick()
    expect(field('/role').get('select').element.value).toBe('admin')
    expect(field('/include_paths').get('textarea').element.value).toBe('/etc')
    expect(field('/a~1b').findAll('input').map((one) => one.element.value)).toEqual(['OTHER', '2'])
  })
  it('places problems at their fields, and counts them above with those of no field', () => {
    const { wrapper, field } = form({}, [
      { pointer: '/name', message: 'must not be empty' },
      { pointer: '/include_paths/1', message: 'must be an absolute path' },
      { pointer: '/a~1b/K~1Y', message: 'must not be blank' },
      { pointer: '/retention_rules/keep_daily', message: 'must be at most 100' },
      { pointer: '/anything', message: 'is required' },
    ])
    const input = field('/name').get('input')
    expect(input.attributes('aria-invalid')).toBe('true')
    expect(input.attributes('aria-describedby')!.split(' ').map((id) => document.getElementById(id)?.textContent)).toContain('must not be empty')
    expect(field('/include_paths').get('ul').text()).toBe('2: must be an absolute path')
    expect(field('/a~1b').get('ul').text()).toBe('K/Y: must not be blank')
    expect(field('/retention_rules/keep_daily').get('ul').text()).toBe('must be at most 100')
    expect(field('/role').find('ul').exists()).toBe(false)
    const above = wrapper.get('[data-test=problems]')
    expect(above.attributes('role')).toBe('alert')
    expect(above.text()).toContain('5 fields are not right.')
    expect(above.text()).toContain('is required')
    expect(above.text()).not.toContain('absolute')
  })
  it('says problems in German', () => {
    i18n.global.locale.value = 'de'
    expect(form({}, [{ pointer: '/name', message: 'must not be empty' }]).field('/name').get('ul').text()).toBe('darf nicht leer sein')
  })
})
