// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Maintenance, Task } from '../../src/api/client'
import { i18n, type Language } from '../../src/i18n'
import { bytes } from '../../src/utils/format'
import { CHANGES_PASSWORD, heldBy, keptBy, lastOf, outcomeOf, readingOf, soundness, stateOf, type Say, type StartedKind } from '../../src/utils/maintenance'

const say = (language: Language): Say => {
  i18n.global.locale.value = language
  return {
    t: (key, parameters = {}, plural) => (plural === undefined ? i18n.global.t(key, parameters) : i18n.global.t(key, parameters, plural)),
    bytes: (value) => bytes(value, language),
    language,
  }
}
const did = (kind: Maintenance['kind'], result: object | null, more: Partial<Maintenance> = {}): Maintenance =>
  ({ kind, task_id: kind, agent_id: 'a', status: 'success', message: null, result, ended_at: '2026-01-02T03:04:05.000Z', ...more }) as Maintenance
const english = (last: Maintenance, failure?: Task['error']): string => outcomeOf(last, failure, say('en'))
const german = (last: Maintenance, failure?: Task['error']): string => outcomeOf(last, failure, say('de'))
afterEach(() => (i18n.global.locale.value = 'en'))

describe('what care for a repository did', () => {
  it('is said of a check by what it found', () => {
    expect(english(did('check', { error_count: 0 }))).toBe('No errors were found.')
    expect(english(did('check', { error_count: 0, data_read: '1/12' }))).toBe('No errors were found; of the data 1/12 was read.')
    expect(english(did('check', { error_count: 0, data_read: 'all' }))).toBe('No errors were found; all data was read.')
    const damaged = did('check', { error_count: 3, damaged_packs: ['a'] }, { status: 'failed', message: 'restic check found 3 errors' })
    expect(english(damaged)).toBe('3 errors were found. One pack file is damaged.')
    expect(german(damaged)).toBe('3 Fehler wurden gefunden. Eine Pack-Datei ist beschädigt.')
    expect(english(did('check', { error_count: 1 }, { status: 'failed' }))).toBe('One error was found.')
  })
  it('is said of a prune by snapshots and bytes, and without a retention by bytes alone', () => {
    const freed = { bytes_reclaimed: 1048576, bytes_remaining: 2048 }
    expect(english(did('prune', freed))).toBe('1.00 MiB were freed, 2.00 KiB are left.')
    expect(english(did('prune', { ...freed, snapshots_removed: 0 }))).toMatch(/^No snapshot was removed; 1\.00 MiB/)
    expect(english(did('prune', { ...freed, snapshots_removed: 1 }))).toMatch(/^One snapshot was removed; /)
    expect(german(did('prune', { ...freed, snapshots_removed: 2 }))).toBe('2 Snapshots wurden entfernt; 1,00 MiB wurden frei, 2,00 KiB sind übrig.')
  })
  it('is said of a size by what was counted', () => {
    expect(english(did('stats', { mode: 'raw-data', total_size: 1024 }))).toBe('The repository takes up 1.00 KiB.')
    expect(english(did('stats', { mode: 'restore-size', total_size: 1024 }))).toBe('Restoring all snapshots would write 1.00 KiB.')
    expect(english(did('stats', { mode: 'raw-data' }))).toBe('The repository takes up –.')
  })
  it('never claims to have counted locks that restic did not count', () => {
    expect(english(did('unlock', {}))).toBe('Locks whose holder is gone were removed, if there were any.')
    expect(english(did('unlock', { locks_removed: 0 }))).toBe('There was no lock to remove.')
    expect(english(did('unlock', { locks_removed: 1, lock_count: 1 }))).toBe('One lock was removed. One is left, whose holder may be alive.')
    expect(german(did('locks', { lock_count: 2 }))).toBe('Es gibt 2 Sperren.')
    expect(english(did('locks', {}))).toBe('Nobody holds the repository.')
    expect(german(did('unlock', { locks_removed: 2 }))).toBe('2 Sperren wurden entfernt.')
  })
  it('says of a test what is there', () => {
    expect(english(did('test', { found: true, version: 2 }))).toBe('The storage answers, and the repository opens with its password (format 2).')
    expect(english(did('test', { found: false }))).toBe('The storage answers that there is nothing at this place: the first backup creates the repository.')
    expect(english(did('test', { found: false, missing_folder: '/mnt/disk' }))).toMatch(/But \/mnt\/disk does not exist either\./)
    expect(german(did('test', {}))).toBe('Der Speicher antwortet, dass an diesem Platz nichts ist: Das erste Backup legt das Repository an.')
  })
  it('is said of a restore test by what came back, and by what the machine has', () => {
    const tested = { files: 12, total_files: 240, bytes: 3250586, duration_seconds: 2.4, compared_with_source: 10, changed_since: 2, not_compared: 0 }
    expect(english(did('verify', tested))).toBe('12 of 240 files came back as they were saved, 3.10 MiB in 2 s; the same as on the machine: 10, written or removed there since: 2.')
    expect(german(did('verify', { ...tested, changed_since: 0, differs_from_source: 1, not_compared: 1, duration_seconds: 0.2 }))).toBe('12 von 240 Dateien kamen zurück, wie sie gesichert wurden, 3,10 MiB in 1 s; gleich wie auf dem Rechner: 10, anders als auf dem Rechner, trotz gleicher Größe und Zeit: 1, nicht verglichen: 1.')
    expect(english(did('verify', {}))).toBe('Done.')
  })
  it('is said of the rest', () => {
    expect(english(did('snapshots', { count: 0 }))).toBe('The repository has no snapshot.')
    expect(german(did('snapshots', { count: 1 }))).toBe('Das Repository hat einen Snapshot.')
    expect(english(did('forget', { snapshots_removed: 2, snapshots_kept: 5 }))).toBe('2 snapshots were removed. Kept: 5.')
    expect(english(did('init', { created: true }))).toBe('The repository was created.')
    expect(english(did('init', { created: false }))).toBe('The repository was there already.')
    expect(english(did('add_key', {}))).toBe('The new password opens the repository.')
    expect(english(did('remove_key', { removed: true }))).toBe('The old password no longer opens it.')
    expect(german(did('remove_key', { removed: false }))).toBe('Der Schlüssel des alten Passworts war schon weg.')
    expect(english(did('prune', null, { status: 'cancelled' }))).toBe('It was cancelled.')
  })
  it('is why it failed, in the page’s language where that has words', () => {
    const locked = did('check', { outcome: 'locked' }, { status: 'failed', message: 'PID 7 holds it' })
    const error = { error: 'RepositoryLocked', message: 'PID 7 holds it', hint: 'wait' } as const
    expect(english(locked, error)).toBe('It failed: PID 7 holds it')
    expect(german(locked, error)).toBe('Es ist gescheitert: Ein anderer Prozess hält das Repository gesperrt.')
    expect(german(locked)).toBe('Es ist gescheitert: PID 7 holds it')
    expect(english(did('stats', null, { status: 'failed' }))).toBe('It failed.')
  })
})

describe('soundness', () => {
  it('is what the last check says, and never more', () => {
    expect(soundness({ maintenance: { last: [did('stats', {})] } })).toBe('unchecked')
    expect(soundness({ maintenance: { last: [did('check', { error_count: 0 })] } })).toBe('sound')
    expect(soundness({ maintenance: { last: [did('check', { error_count: 2 }, { status: 'failed' })] } })).toBe('damaged')
    expect(soundness({ maintenance: { last: [did('check', { outcome: 'locked' }, { status: 'failed' })] } })).toBe('checkFailed')
    expect(soundness({ maintenance: { last: [did('check', null, { status: 'cancelled' })] } })).toBe('checkFailed')
    expect(lastOf({ maintenance: { last: [did('stats', {})] } }, 'check')).toBeUndefined()
  })
})

describe('a task that has not ended', () => {
  const task = (more: Partial<Task>): Task => ({ id: 't', type: 'check', status: 'queued', agent_id: 'a', error: null, ...more }) as Task
  const agents = (id: string) => (id === 'a' ? { hostname: 'web-01' } : undefined)
  const state = (one: Task): string => stateOf(one, agents, say('en'))
  it('says for whom it waits', () => {
    const waiting = { code: 'others_work', reason: 'It waits.', tasks: [{ id: 'b', type: 'backup', agent_id: 'a' }, { id: 'p', type: 'prune', agent_id: 'gone' }] } as Task['waiting']
    expect(state(task({ waiting }))).toBe('Waits: it needs the repository for itself, and others work on it. (backup on web-01, Free space on another machine)')
    expect(stateOf(task({ waiting }), agents, say('de'))).toContain('Backup auf web-01, Platz freigeben auf einem anderen Rechner')
  })
  it('has words for every code and kind of the host', () => {
    const codes: Record<NonNullable<Task['waiting']>['code'], true> = { others_work: true, taken: true, turn: true, new_repository: true, again: true, paused: true, offline: true, busy: true, same: true }
    const kinds: Record<StartedKind, true> = { init: true, check: true, forget: true, preview_forget: true, prune: true, unlock: true, stats: true, snapshots: true, test: true, locks: true }
    for (const language of ['en', 'de'] as const) {
      say(language)
      for (const code of Object.keys(codes)) expect(i18n.global.te(`wait.${code}`), code).toBe(true)
      for (const kind of Object.keys(kinds)) for (const text of ['name', 'what']) expect(i18n.global.te(`care.${kind}.${text}`), kind).toBe(true)
      for (const kind of ['restore', 'verify', 'ls', 'find', 'diff']) for (const text of ['name', 'what']) expect(i18n.global.te(`care.${kind}.${text}`), kind).toBe(true)
      for (const kind of CHANGES_PASSWORD) expect(i18n.global.te(`care.${kind}.name`), kind).toBe(true)
    }
  })
  it('says that its agent is away, paused or on its way', () => {
    const because = (code: string): string => state(task({ waiting: { code, reason: '', tasks: [] } as never }))
    expect(because('offline')).toBe('Waits for web-01, which is not online.')
    expect(because('paused')).toBe('Waits for web-01, which is paused.')
    expect(because('busy')).toBe('Waits for web-01, which has as many tasks as it may have at once.')
    expect(because('again')).toMatch(/will be tried again/)
    const locked = { error: 'RepositoryLocked', message: 'The repository is locked: PID 7 on db-01 by ada, since 2026-01-02 03:04:05', hint: '' } as never
    expect(state(task({ waiting: { code: 'again', reason: '', tasks: [] } as never, error: locked }))).toBe('The last attempt failed: The repository is locked: PID 7 on db-01 by ada, since 2026-01-02 03:04:05')
    expect(state(task({}))).toBe('Waits for web-01 to take it.')
  })
  it('says where it runs', () => {
    expect(state(task({ status: 'running' }))).toBe('Runs on web-01.')
    expect(state(task({ status: 'unreachable' }))).toBe('Runs on web-01, which is silent.')
  })
})

describe('what a retention keeps', () => {
  it('is said rule by rule, and nothing where it keeps nothing', () => {
    expect(keptBy({ keep_last: 3, keep_daily: 7, keep_weekly: 0, keep_monthly: null }, say('en'))).toBe('the last 3; one a day for 7 days')
    expect(keptBy({ keep_last: 1, keep_yearly: 1 }, say('de'))).toBe('der letzte; einer je Jahr ein Jahr lang')
    expect(keptBy({}, say('en'))).toBe('')
  })
})

describe('who holds a repository', () => {
  const held = (...last: Maintenance[]) => heldBy({ maintenance: { last } })
  it('is what was seen last, by a look or an unlock', () => {
    const look = did('locks', { lock_count: 2 }, { ended_at: '2026-01-02T03:00:00.000Z' })
    const unlock = did('unlock', { lock_count: 0 }, { ended_at: '2026-01-02T04:00:00.000Z' })
    expect(held()).toBeUndefined()
    expect(held(look)).toEqual({ count: 2, at: look.ended_at })
    expect(held(look, unlock)).toEqual({ count: 0, at: unlock.ended_at })
    expect(held(did('unlock', { locks_removed: 1 }))).toBeUndefined()
  })
})

describe('damage that no check has disproved', () => {
  const damage = { task_id: 'before', error: 'RepositoryCorrupted', message: 'packs', reads: '3/12', found_at: '2026-01-02T03:04:05.000Z' }
  it('is known though a later check that read less found none', () => {
    const sound = did('check', { error_count: 0 })
    expect(soundness({ maintenance: { last: [sound] }, damage })).toBe('damageKnown')
    expect(soundness({ maintenance: { last: [sound] }, damage: null })).toBe('sound')
    const finder = did('check', { error_count: 1 }, { status: 'failed', task_id: 'before' })
    expect(soundness({ maintenance: { last: [finder] }, damage })).toBe('damaged')
  })
  it('is looked at again by as much', () => {
    expect(readingOf(damage)).toEqual({ read_data_subset: '3/12' })
    expect(readingOf({ ...damage, reads: 'all' })).toEqual({ read_data: true })
    expect(readingOf({ ...damage, reads: '5%' })).toEqual({ read_data: true })
    expect(readingOf({ ...damage, reads: '' })).toEqual({})
    expect(readingOf(null)).toEqual({})
  })
})
