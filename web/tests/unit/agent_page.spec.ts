// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TargetStatus } from '../../src/api/client'
import PluginTestOutcome from '../../src/components/PluginTestOutcome.vue'
import VerifiedTables from '../../src/components/VerifiedTables.vue'
import { i18n } from '../../src/i18n'
import { agentSentence, differing, idOfDump, nameBeside, offeredBy, problemsOf, replacing, rulesInWords, stateOfPlugin } from '../../src/utils/agent_page'

const say = {
  t: (key: string, parameters: Record<string, unknown> = {}, plural?: number): string => (plural === undefined ? i18n.global.t(key, parameters) : i18n.global.t(key, parameters, plural)),
  get language() {
    return i18n.global.locale.value
  },
}
const agent = { hostname: 'web-01', status: 'online' as const, paused: false, last_seen_at: '2026-01-01T10:00:00Z', metadata: {} }
const target = (more: Partial<TargetStatus>): TargetStatus => ({ status: 'healthy', last_snapshot: null, ...more }) as TargetStatus
const relative = (at: string | null | undefined): string => `at ${at?.slice(11, 16)}`
const sentence = (more: object, targets: TargetStatus[] | null = []): string => agentSentence({ ...agent, ...more }, targets ?? undefined, relative, say)
beforeEach(() => {
  i18n.global.locale.value = 'en'
})

describe('what is going on on a machine', () => {
  it('is its state, its policies and the newest backup', () => {
    expect(sentence({})).toBe('web-01 is online. It follows no policy.')
    expect(sentence({ paused: true }, [target({})])).toBe('web-01 is online and paused: it gets no tasks. It follows one policy. There is no backup yet.')
    expect(sentence({ status: 'offline' }, [target({ last_snapshot: '2026-01-01T09:00:00Z' }), target({ status: 'unhealthy', last_snapshot: '2026-01-01T09:30:00Z' })])).toBe(
      'web-01 is offline, last seen at 10:00. It follows 2 policies. One needs attention. Last backup at 09:30.',
    )
    expect(sentence({ status: 'offline', last_seen_at: null }, null)).toBe('web-01 has never been seen.')
  })
  it('says problems only while the agent has them: the last heartbeat’s stay in its data', () => {
    const metadata = { problems: ['There is no restic.'] }
    expect(sentence({ status: 'error', metadata }, null)).toBe('web-01 reports a problem.')
    expect(problemsOf({ status: 'error', metadata })).toEqual(['There is no restic.'])
    expect(problemsOf({ status: 'online', metadata })).toEqual([])
  })
})

describe('the machine’s own rules', () => {
  it('are sentences', () => {
    expect(rulesInWords({}, say)).toEqual([])
    expect(rulesInWords({ paths: ['/srv', '/home'], restores: false, restore_paths: ['/x'], plugins: ['postgres'], hooks: false }, say)).toEqual([
      'Only /srv and /home are saved.',
      'Nothing is restored.',
      'Only the plugin postgres may be used.',
      'No hooks are run.',
    ])
    expect(rulesInWords({ paths: [], restore_paths: ['/srv'], plugins: [] }, say)).toEqual(['No files are saved.', 'Files are restored below /srv only.', 'No plugin may be used.'])
  })
  it('are German on a German page', () => {
    i18n.global.locale.value = 'de'
    expect(rulesInWords({ paths: ['/srv', '/home'] }, say)).toEqual(['Nur /srv und /home werden gesichert.'])
  })
  it('win over what is switched on', () => {
    expect(stateOfPlugin({ allowed: false, enabled: true })).toBe('forbidden')
    expect(stateOfPlugin({ enabled: true })).toBe('on')
    expect(stateOfPlugin({ allowed: true })).toBe('off')
  })
})

describe('a restore', () => {
  it('suggests a name beside the original', () => {
    expect(nameBeside('shop')).toBe('shop_restored')
    expect(nameBeside('my.shop')).toBe('my.shop_restored')
    expect(nameBeside('/srv/data/shop.db')).toBe('/srv/data/shop_restored.db')
    expect(nameBeside('/srv/my.data/shop')).toBe('/srv/my.data/shop_restored')
  })
  it('takes the original’s name on its own server only to replace it', () => {
    expect(replacing('shop', ' shop ', true, false)).toBe('ownName')
    expect(replacing('shop', 'shop', true, true)).toBe('replaces')
    expect(replacing('shop', 'shop', false, false)).toBe('free')
    expect(replacing('shop', 'shop_restored', true, false)).toBe('free')
  })
  it('tells databases of one name apart', () => {
    const dump = { target_id: '1', plugin: 'postgres', set: 'default', database: 'shop', state: 'saved' as const, last_tried_at: '' }
    expect(new Set([dump, { ...dump, set: 'reports' }, { ...dump, target_id: '2' }].map(idOfDump)).size).toBe(3)
  })
})

describe('a dump that was tried', () => {
  const tables = [{ name: 'orders', rows: 10, expected: 10 }, { name: 'items', rows: 9, expected: 10 }, { name: 'new', rows: 3 }]
  const shown = (given: typeof tables) => mount(VerifiedTables, { props: { result: { tables: given } }, global: { plugins: [i18n] } })
  it('differs where rows are expected and others are found', () => {
    expect(differing(tables).map((table) => table.name)).toEqual(['items'])
  })
  it('shows those first that differ, by a word', () => {
    const page = shown(tables)
    expect(page.findAll('[data-table]').map((row) => row.attributes('data-table'))).toEqual(['items', 'orders', 'new'])
    expect(page.get('[data-table=items]').text()).toContain('differs')
    expect(page.get('[data-test=verdict]').text()).toBe('One table has other rows than the dump says.')
    expect(page.find('[data-state=warning]').exists()).toBe(true)
  })
  it('can be restored where none does', () => {
    const page = shown([tables[0]!])
    expect(page.get('[data-test=verdict]').text()).toBe('The dump can be restored: one table, with all its rows.')
    expect(page.find('[data-state=success]').exists()).toBe(true)
  })
})

describe('the test of a plugin', () => {
  it('keeps warnings apart from what is in the way, each with what to run', () => {
    const result = { ready: false, problems: [{ message: 'May not read orders', statement: 'GRANT SELECT ON orders', item: 'shop' }, { message: 'An old version', warning: true }], items: [], tools: [] }
    const page = mount(PluginTestOutcome, { props: { task: { result } as never }, global: { plugins: [i18n] } })
    expect(page.get('[data-test=test-problems]').text()).toContain('shop: May not read orders')
    expect(page.get('[data-test=test-problems] pre').text()).toBe('GRANT SELECT ON orders')
    expect(page.get('[data-test=test-warnings]').text()).not.toContain('orders')
    expect(page.find('[data-state=inTheWay]').exists()).toBe(true)
  })
})

describe('the plugins that a policy may name', () => {
  const plugin = (name: string, enabled: boolean, sets: string[] = []) => ({ name, version: '1', enabled, sets: sets.map((one) => ({ name: one })) })
  const told = (...items: ReturnType<typeof plugin>[]) => ({ items, refused: [], local_policy: {} })
  it('are those of all machines, with the sets of all', () => {
    const offered = offeredBy([told(plugin('postgres', true, ['default', 'reports']), plugin('mysql', true)), told(plugin('postgres', true, ['archive']))])
    expect(offered.map((one) => [one.name, one.sets, one.ready])).toEqual([
      ['mysql', ['default'], false],
      ['postgres', ['default', 'reports', 'archive'], true],
    ])
  })
  it('are not ready where one is off', () => {
    expect(offeredBy([told(plugin('postgres', false))])[0]?.ready).toBe(false)
    expect(offeredBy([])).toEqual([])
  })
})
