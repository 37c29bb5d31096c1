// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Light, TargetStatus } from '../../src/api/client'
import LightRow from '../../src/components/LightRow.vue'
import { now } from '../../src/composables/useNow'
import { i18n } from '../../src/i18n'
import de from '../../src/i18n/de'
import { isTrouble, LIGHTS, proofOf, rankOf, troubledLight, wordOfLight, type LightName } from '../../src/utils/lights'

const DAYS_AGO = new Date(now.value.getTime() - 86_400_000 * 5).toISOString()
const target = (lights: Partial<Record<LightName, Light>> = {}, more: Partial<TargetStatus> = {}): TargetStatus =>
  ({ id: 't', name: 'web', repository_id: 'r', lights: Object.fromEntries(LIGHTS.map((name) => [name, lights[name] ?? { state: 'none' }])), ...more }) as TargetStatus
const say = { t: (key: string) => i18n.global.t(key), te: (key: string) => i18n.global.te(key) }

function show(one: TargetStatus) {
  const paths = { run: '/runs/:id', repository: '/repositories/:id', target: '/targets/:id' }
  const routes = Object.entries(paths).map(([name, path]) => ({ name, path, component: { template: '<i/>' } }))
  return mount(LightRow, { props: { target: one }, global: { plugins: [i18n, createRouter({ history: createMemoryHistory(), routes })] } })
}
beforeEach(() => (i18n.global.locale.value = 'en'))

describe('a light', () => {
  it('leads to what proves it: the run, the repository of a task, else the target', () => {
    const where = (kind: 'run' | 'task' | 'snapshot' | 'probe', repository: string | null = 'r') => proofOf({ evidence: { kind, id: 'x' } }, { id: 't', repository_id: repository })?.to
    expect(where('run')).toEqual({ name: 'run', params: { id: 'x' } })
    expect(where('task')).toEqual({ name: 'repository', params: { id: 'r' } })
    expect(where('task', null)).toEqual({ name: 'target', params: { id: 't' } })
    for (const kind of ['snapshot', 'probe'] as const) expect(where(kind)).toEqual({ name: 'target', params: { id: 't' } })
    expect(proofOf({}, { id: 't' })).toBeUndefined()
  })
  it('is told by why it is not ok, where that has a word in both languages', () => {
    expect(wordOfLight({ state: 'bad', reason: 'SnapshotTooOld' }, say)).toBe('too old')
    expect(wordOfLight({ state: 'warning', reason: 'RetentionHeld' }, say)).toBe('held')
    expect(wordOfLight({ state: 'bad', reason: 'SomethingNew' }, say)).toBe('bad')
    expect(wordOfLight({ state: 'ok' }, say)).toBe('good')
    i18n.global.locale.value = 'de'
    expect(wordOfLight({ state: 'bad', reason: 'BackupFailed' }, say)).toBe(de.reason.BackupFailed.word)
  })
  it('is sorted with the worst first, and in trouble only where somebody has to look', () => {
    const states: Light['state'][] = ['none', 'ok', 'unknown', 'bad', 'warning']
    expect([...states].sort((a, b) => rankOf({ state: a }) - rankOf({ state: b }))).toEqual(['bad', 'warning', 'unknown', 'ok', 'none'])
    expect(states.filter((state) => isTrouble({ state }))).toEqual(['bad', 'warning'])
  })
  it('of which the target complains is found by its reason', () => {
    const check: Light = { state: 'bad', reason: 'RepositoryCorrupted' }
    const bad = target({ backup: { state: 'warning', reason: 'UnreadFiles' }, check }, { error: { error: 'RepositoryCorrupted', message: '' } })
    expect(troubledLight(bad)).toEqual(check)
    expect(troubledLight({ ...bad, error: null })).toBeUndefined()
    expect(troubledLight({ ...bad, error: { error: 'Unreadable', message: '' } })).toBeUndefined()
  })
})

describe('LightRow', () => {
  it('shows all four by icon and word, with age, why, and the way to the proof', () => {
    const row = show(
      target({
        backup: { state: 'bad', reason: 'BackupFailed', message: 'The last backup failed.', at: DAYS_AGO, evidence: { kind: 'run', id: 'x' } },
        retention: { state: 'warning', reason: 'RetentionHeld', message: 'The one before still waits.', evidence: { kind: 'task', id: 'y' } },
        check: { state: 'ok', at: DAYS_AGO, evidence: { kind: 'probe', id: 'check' } },
      }),
    )
    expect(row.findAll('[data-light]').map((one) => `${one.attributes('data-light')} ${one.attributes('data-light-state')}`)).toEqual(['backup bad', 'retention warning', 'check ok', 'restore_test none'])
    expect(row.findAll('dt').map((one) => one.text())).toEqual(['Backup', 'Retention', 'Check', 'Restore test'])
    expect(row.findAll('dd').map((one) => one.text().replace(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/^failed ?last good 5 days ago ?The last backup failed\.$/),
      expect.stringMatching(/^held ?The one before still waits\.$/),
      expect.stringMatching(/^good ?5 days ago$/),
      'n/a',
    ])
    expect(new Set(row.findAll('svg').map((one) => one.html())).size).toBe(4)
    // Not to the page that this is.
    expect(row.findAll('a').map((one) => one.attributes('href'))).toEqual(['/runs/x', '/repositories/r'])
    expect(row.get('a').attributes('aria-label')).toBe('Backup: failed. Show what proves it')
  })
  it('says of a look what it means, of an agent what was said', () => {
    const gone: Light = { state: 'bad', reason: 'RepositoryNotFound', message: 'unable to open config file' }
    const why = (mode: TargetStatus['mode']) => show(target({ backup: gone }, { mode })).get('[data-test=why]').text()
    expect(why('direct')).toBe('There is no repository at its place.')
    expect(why('agent')).toBe('unable to open config file')
  })
})
