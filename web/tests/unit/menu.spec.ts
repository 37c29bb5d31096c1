// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import MenuBar from '../../src/components/MenuBar.vue'
import MenuGroups from '../../src/components/MenuGroups.vue'
import { i18n } from '../../src/i18n'
import { ModulePage } from '../../src/icons'
import { isCurrent, MENU_GROUPS, MENU_PAGES, type MenuEntry, type MenuGroup, type MenuGroupName } from '../../src/menu'

const entry = (href: string, more: Partial<MenuEntry> = {}): MenuEntry => ({ key: href, label: href.slice(1) || 'dashboard', href, inside: true, icon: ModulePage, ...more })
const group = (name: MenuGroupName, ...hrefs: string[]): MenuGroup => ({ name, entries: hrefs.map((href) => entry(href)) })
/** What the application will have: twelve pages, and three of modules. */
const twelveAndThree: MenuGroup[] = [
  group('overview', '/'),
  group('protect', '/agents', '/policies', '/repositories', '/targets'),
  group('find', '/snapshots', '/runs'),
  group('trust', '/compliance', '/alerts', '/audit'),
  { name: 'modules', entries: ['/m/sites/map', '/m/sites/list', '/m/sla/report'].map((href) => entry(href, { module: href.split('/')[2]!, picture: '/pin.svg' })) },
  { name: 'settings', entries: [entry('/users'), entry('/swagger/', { inside: false })] },
]

async function show(path: string, component: typeof MenuGroups | typeof MenuBar, props: Record<string, unknown>) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:all(.*)*', component: { template: '<i/>' } }] })
  await router.push(path)
  return mount(component as typeof MenuGroups, { props: props as never, global: { plugins: [i18n, router] }, attachTo: document.body })
}
beforeEach(() => {
  i18n.global.locale.value = 'en'
  document.body.innerHTML = ''
})

describe('the menu', () => {
  it('has a word and a heading in both languages for everything that is declared', () => {
    for (const language of ['en', 'de'] as const) {
      for (const page of MENU_PAGES) expect(i18n.global.te(`nav.${page.name}`, language), page.name).toBe(true)
      for (const name of MENU_GROUPS) expect(i18n.global.te(`menu.${name}`, language), name).toBe(true)
    }
    const bar = MENU_PAGES.flatMap((page) => page.bar ?? [])
    expect(bar.length).toBeLessThanOrEqual(4)
    for (const key of bar) expect(i18n.global.t(key, 1, { locale: 'de' }).length, key).toBeLessThanOrEqual(11)
  })
  it('holds twelve pages and three of modules under their headings, each with an icon and a word', async () => {
    const wrapper = await show('/', MenuGroups, { groups: twelveAndThree })
    expect(wrapper.findAll('a')).toHaveLength(15)
    for (const { name, entries } of twelveAndThree) {
      const section = wrapper.get(`[data-group=${name}]`)
      expect(section.findAll('a').map((link) => link.text())).toEqual(entries.map((one) => one.label))
      expect(document.getElementById(section.attributes('aria-labelledby')!)?.textContent?.trim()).toBe(i18n.global.t(`menu.${name}`))
    }
    for (const link of wrapper.findAll('a')) expect(link.find('svg, span[style]').exists(), link.text()).toBe(true)
    expect(wrapper.findAll('[data-module]').map((link) => link.attributes('href'))).toEqual(['/m/sites/map', '/m/sites/list', '/m/sla/report'])
  })
  it('marks where one is, also below an entry, and nothing else', async () => {
    const marked = async (path: string) => {
      const wrapper = await show(path, MenuGroups, { groups: twelveAndThree })
      return wrapper.findAll('[aria-current=page]').map((link) => link.attributes('href'))
    }
    expect(await marked('/')).toEqual(['/'])
    expect(await marked('/policies/new')).toEqual(['/policies'])
    expect(await marked('/m/sites/list')).toEqual(['/m/sites/list'])
    expect(await marked('/account')).toEqual([])
    expect(isCurrent(entry('/runs'), '/runsheet')).toBe(false)
  })
  it('is walked through by the arrows, from end to end', async () => {
    const wrapper = await show('/', MenuGroups, { groups: twelveAndThree })
    const links = wrapper.findAll('a').map((link) => link.element)
    const press = async (key: string) => {
      document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
      return links.indexOf(document.activeElement as HTMLAnchorElement)
    }
    links[0]!.focus()
    expect(await press('ArrowDown')).toBe(1)
    expect(await press('End')).toBe(14)
    expect(await press('ArrowDown')).toBe(0)
    expect(await press('ArrowUp')).toBe(14)
    expect(await press('Home')).toBe(0)
    expect(await press('x')).toBe(0)
  })
})

describe('the bar of a narrow window', () => {
  it('marks the entry, or the rest where one is elsewhere, and opens it', async () => {
    const entries = [entry('/'), entry('/runs')]
    const there = await show('/runs/1', MenuBar, { entries, open: false })
    expect(there.findAll('[aria-current=page]').map((link) => link.attributes('href'))).toEqual(['/runs'])
    expect(there.get('[data-test=menu]').classes()).not.toContain('text-primary')
    const elsewhere = await show('/audit', MenuBar, { entries, open: false })
    expect(elsewhere.find('[aria-current=page]').exists()).toBe(false)
    expect(elsewhere.get('[data-test=menu]').classes()).toContain('text-primary')
    await elsewhere.get('[data-test=menu]').trigger('click')
    expect(elsewhere.emitted('more')).toHaveLength(1)
  })
})
