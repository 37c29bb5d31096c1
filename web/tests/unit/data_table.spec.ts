// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import DataTable from '../../src/components/DataTable.vue'
import { i18n } from '../../src/i18n'
import type { Column } from '../../src/table/columns'

interface Row {
  id: string
  name: string
  size: number | null
}
const columns: Column<Row>[] = [
  { key: 'name', label: 'Name', text: (row) => row.name, sort: (row) => row.name, csv: (row) => row.name },
  { key: 'size', label: 'Size', sort: (row) => row.size, csv: (row) => row.size, number: true },
]
const pages: Row[][] = [
  [
    { id: '1', name: '=cmd()', size: 2 },
    { id: '2', name: 'b', size: null },
  ],
  [{ id: '3', name: 'a', size: 10 }],
]
let saved = ''

/** As a page uses it: two pages of rows, of which the first is there. */
function table() {
  const rows = ref(pages[0]!)
  const more = ref(true)
  const loadAll = vi.fn(async () => {
    rows.value = pages.flat()
    more.value = false
    return rows.value
  })
  const wrapper = mount(
    { components: { DataTable }, setup: () => ({ rows, more, columns, loadAll }), template: '<DataTable name="things" :rows="rows" :columns="columns" :more="more" :load-more="loadAll" :load-all="loadAll" />' },
    { global: { plugins: [i18n] } },
  )
  const names = (): string[] => wrapper.findAll('tbody tr').map((row) => row.findAll('td')[0]!.text().replace('Name', ''))
  const settle = async (): Promise<void> => {
    await vi.waitFor(() => expect(loadAll).toHaveBeenCalled())
    await nextTick()
    await nextTick()
  }
  return { wrapper, names, loadAll, settle }
}
beforeEach(() => {
  i18n.global.locale.value = 'en'
  saved = ''
  URL.createObjectURL = vi.fn((blob: Blob) => {
    void blob.text().then((text) => (saved = text))
    return 'blob:x'
  }) as typeof URL.createObjectURL
  URL.revokeObjectURL = vi.fn()
})
afterEach(() => vi.restoreAllMocks())

describe('DataTable', () => {
  it('exports all that match, beyond the page that is shown, and no formula', async () => {
    const { wrapper, settle } = table()
    await wrapper.get('[data-test=csv]').trigger('click')
    await settle()
    await vi.waitFor(() => expect(saved).not.toBe(''))
    expect(saved.split('\r\n')).toEqual(['"name","size"', `"'=cmd()","2"`, '"b",""', '"a","10"', ''])
  })
  it('filters and sorts over everything, not over what was loaded', async () => {
    const { wrapper, names, settle } = table()
    await wrapper.get('[data-sort=name]').trigger('click')
    await settle()
    expect(names()).toEqual(['=cmd()', 'a', 'b'])
    await wrapper.get('[data-sort=size]').trigger('click')
    await vi.waitFor(() => expect(names()).toEqual(['=cmd()', 'a', 'b']))
    await wrapper.get('[data-sort=size]').trigger('click')
    await vi.waitFor(() => expect(names()).toEqual(['a', '=cmd()', 'b']))
    await wrapper.get('[data-test=filter]').setValue('A')
    await vi.waitFor(() => expect(names()).toEqual(['a']))
    await wrapper.get('[data-test=filter]').setValue('nothing of that')
    expect(wrapper.text()).toContain('Nothing matches.')
  })
  it('offers the next page while there is one', async () => {
    const { wrapper, settle, names } = table()
    await wrapper.get('[data-test=more]').trigger('click')
    await settle()
    expect(names()).toHaveLength(3)
    expect(wrapper.find('[data-test=more]').exists()).toBe(false)
  })
})
