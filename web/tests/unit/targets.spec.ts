// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, type Policy, type Repository, type Target, type TargetProbe, type TargetStatus } from '../../src/api/client'
import { ApiError } from '../../src/api/errors'
import { i18n } from '../../src/i18n'
import { sentenceOf } from '../../src/i18n/sentence'
import { onlyWatches, sentenceOfSummary, summarize } from '../../src/utils/summary'
import { failureOf, hasLookedSince, inputOf, isOldAnswer, isRemovable, lookStateOf, nextOf, policiesFor, probesOf, stateOf, stateOfCheck, watchable } from '../../src/utils/targets'
import { adviceOfLook, ageOfAnswer, meaningOfLook, ownWordsOfLook, sentenceOfTarget, type TargetSay } from '../../src/utils/target_words'
import { watchNew } from '../../src/utils/watch'

const T1 = '2026-01-01T10:00:00.000Z'
const T2 = '2026-01-01T11:00:00.000Z'
const NOW = new Date('2026-01-01T12:00:00Z')
const status = (more: Partial<TargetStatus> = {}): TargetStatus =>
  ({ id: 't', name: 'web', mode: 'direct', status: 'healthy', disabled: false, snapshot_count: 1, checked_at: T1, seen_at: T1, last_snapshot: T1, ...more }) as TargetStatus
const probe = (more: Partial<TargetProbe> = {}): TargetProbe => ({ kind: 'snapshots', running: false, ...more })
const target = (more: Partial<Target> = {}): Target => ({ id: 't', name: 'web', mode: 'direct', disabled: false, probes: [], created_at: T1, updated_at: T1, ...more })
const say = (language: 'en' | 'de'): TargetSay => {
  i18n.global.locale.value = language
  return { t: (key, parameters = {}) => i18n.global.t(key, parameters), te: (key) => i18n.global.te(key), relative: (at) => `<${at}>`, language }
}
afterEach(() => {
  i18n.global.locale.value = 'en'
  vi.restoreAllMocks()
})

describe('a target', () => {
  it('that nobody has looked at is not one without a backup', () => {
    expect(stateOf(status({ status: 'unknown', checked_at: null }))).toBe('unseen')
    expect(stateOf(status({ status: 'unknown', checked_at: T1 }))).toBe('unknown')
    expect(stateOf(status({ status: 'unknown', checked_at: null, mode: 'agent' }))).toBe('unknown')
  })
  it('never shows an old answer as a new one', () => {
    expect(isOldAnswer(status())).toBe(false)
    expect(isOldAnswer(status({ checked_at: T2 }))).toBe(true)
    expect(isOldAnswer(status({ seen_at: null }))).toBe(true)
    expect(isOldAnswer(status({ checked_at: null, seen_at: null }))).toBe(false)
    expect(isOldAnswer(status({ mode: 'agent', checked_at: T2, seen_at: null }))).toBe(false)
  })
  it('is looked at next, or run', () => {
    const both = { next_check_at: T1, next_run_at: T2 }
    expect(nextOf(status(both))).toBe(T1)
    expect(nextOf(status({ ...both, mode: 'agent' }))).toBe(T2)
    expect(nextOf(status())).toBeNull()
  })
  it('is changed in what is said, and stays in all else', () => {
    const before = target({ repository_id: 'r', max_age_hours: 5 })
    expect(inputOf(before, { disabled: true })).toEqual({ name: 'web', mode: 'direct', repository_id: 'r', agent_id: null, policy_id: null, max_age_hours: 5, disabled: true })
  })
  it('of an agent is removed by its policy', () => {
    expect(isRemovable(target())).toBe(true)
    expect(isRemovable(target({ mode: 'agent' }))).toBe(false)
    expect(isRemovable(target({ mode: 'agent', disabled: true }))).toBe(true)
  })
  it('is handed to agents by policies that save to the same repository and that they do not follow', () => {
    const policy = (name: string, repository_id: string, ...agents: string[]) => ({ name, repository_id, agents: agents.map((agent_id) => ({ agent_id })) }) as unknown as Policy
    const all = [policy('z', 'r'), policy('a', 'r', 'other'), policy('followed', 'r', 'mine'), policy('elsewhere', 'q')]
    expect(policiesFor({ repository_id: 'r' }, all, 'mine').map((one) => one.name)).toEqual(['a', 'z'])
  })
})

describe('what can be watched', () => {
  it('is on no other machine, runs no programs, and is not watched already', () => {
    const repository = (id: string, more: Partial<Repository> = {}) => ({ id, name: id, type: 's3', agent_id: null, ...more }) as Repository
    const all = [repository('c'), repository('b'), repository('disk', { type: 'local', agent_id: 'x' }), repository('rclone', { type: 'rclone' }), repository('watched'), repository('saved')]
    const targets = [status({ repository_id: 'watched' }), status({ mode: 'agent', repository_id: 'saved' })]
    expect(watchable(all, targets).map((one) => one.id)).toEqual(['b', 'c', 'saved'])
  })
  it('leaves no repository behind that the server refuses, and says so where it must', async () => {
    const refusal = new ApiError('DirectPollForbidden', 'no', 403, [])
    vi.spyOn(api, 'createTarget').mockRejectedValue(refusal)
    const removed = vi.spyOn(api, 'removeRepository').mockResolvedValue(undefined as never)
    const left = vi.fn()
    await expect(watchNew({ id: 'r' } as Repository, { name: ' x ', max_age_hours: null }, left)).rejects.toBe(refusal)
    expect(removed).toHaveBeenCalledWith('r')
    expect(left).not.toHaveBeenCalled()
    removed.mockRejectedValue(new Error('gone'))
    await expect(watchNew({ id: 'r' } as Repository, { name: 'x', max_age_hours: null }, left)).rejects.toBe(refusal)
    expect(left).toHaveBeenCalledOnce()
  })
})

describe('looks', () => {
  it('have a state, of what is under way, due and found', () => {
    expect(lookStateOf(probe({ running: true, error: 'x' }), NOW)).toBe('running')
    expect(lookStateOf(probe({ next_at: T1, good_at: T1 }), NOW)).toBe('due')
    expect(lookStateOf(probe({ error: 'x', good_at: T1 }), NOW)).toBe('bad')
    expect(lookStateOf(probe({ good_at: T1, next_at: '2026-01-02T00:00:00Z' }), NOW)).toBe('good')
    expect(lookStateOf(probe(), NOW)).toBe('never')
  })
  it('come in the order in which people ask', () =>
    expect(probesOf(target({ probes: [probe({ kind: 'check' }), probe({ kind: 'stats' }), probe()] })).map((one) => one.kind)).toEqual(['snapshots', 'stats', 'check']))
  it('have ended where there is a newer answer', () => {
    expect(hasLookedSince(probe(), undefined)).toBe(false)
    expect(hasLookedSince(probe({ checked_at: T1 }), T1)).toBe(false)
    expect(hasLookedSince(probe({ checked_at: T2, running: true }), T1)).toBe(false)
    expect(hasLookedSince(probe({ checked_at: T2 }), T1)).toBe(true)
    expect(hasLookedSince(probe({ checked_at: T1 }), null)).toBe(true)
  })
  it('that saw something doubtful are a warning', () => {
    expect(stateOfCheck({ healthy: true, error: null })).toBe('healthy')
    expect(stateOfCheck({ healthy: true, error: 'NetworkError' })).toBe('warning')
    expect(stateOfCheck({ healthy: false, error: null })).toBe('unhealthy')
    expect(failureOf({ error: 'X', error_message: 'm' })).toEqual({ error: 'X', message: 'm' })
    expect(failureOf({ error: null })).toBeNull()
  })
})

describe('the sentence of a target', () => {
  const gone = { error: 'RepositoryNotFound', message: 'There is no repository at this place: stat /x: no such file or directory', cause: null }
  it('says why it is well or not', () => {
    expect(sentenceOfTarget(status(), say('en'))).toBe(`“web” is well: its last snapshot was made <${T1}>.`)
    expect(sentenceOfTarget(status({ status: 'disabled', disabled: true, error: gone }), say('en'))).toBe('“web” rests: nobody looks at it.')
    expect(sentenceOfTarget(status({ status: 'unknown', checked_at: null, last_snapshot: null }), say('en'))).toBe('“web” has not been looked at yet.')
    expect(sentenceOfTarget(status({ status: 'unhealthy', error: gone }), say('de'))).toBe('„web“ braucht Aufmerksamkeit: An seinem Ort ist kein Repository.')
    expect(sentenceOfTarget(status({ mode: 'agent', status: 'unknown', last_snapshot: null }), say('de'))).toBe('Von „web“ gibt es noch kein Backup.')
  })
  it('comes with what to do, and with the words of restic', () => {
    expect(adviceOfLook(gone, say('en'))).toMatch(/whether its disk is mounted/)
    expect(ownWordsOfLook(gone, say('de'))).toBe(gone.message)
    expect(adviceOfLook({ ...gone, error: 'BackupFailed' }, say('en'))).toMatch(/^Look at the run/)
    expect(adviceOfLook({ ...gone, error: 'SomethingNew' }, say('en'))).toBe('')
  })
  it('keeps the numbers of the host’s own sentences', () => {
    const old = { error: 'SnapshotTooOld', message: 'The last snapshot is 72 hours old.' }
    expect(meaningOfLook(old, say('en'))).toBe(old.message)
    expect(meaningOfLook(old, say('de'))).toBe('Der letzte Snapshot ist 72 Stunden alt.')
    expect(ownWordsOfLook(old, say('de'))).toBe('')
  })
  it('says where it was the check that failed', () => {
    const check = { error: 'AuthenticationFailed', message: 'The last check did not come to its end: wrong password' }
    expect(meaningOfLook(check, say('en'))).toBe('The last check did not come to its end. The password does not open the repository.')
    expect(meaningOfLook(check, say('de'))).toBe('Die letzte Prüfung kam nicht zu Ende. Das Passwort öffnet das Repository nicht.')
    expect(ownWordsOfLook(check, say('en'))).toBe('wrong password')
  })
  it('says of when an old answer is', () => {
    expect(ageOfAnswer(status(), say('en'))).toBe('')
    expect(ageOfAnswer(status({ checked_at: T2 }), say('en'))).toBe(`What is shown here was last seen <${T1}>.`)
    expect(ageOfAnswer(status({ seen_at: null }), say('de'))).toBe('Seine Snapshots wurden noch nie gesehen.')
  })
})

describe('a refusal to look', () => {
  it('names the setting, in German too', () => {
    const refused = (message: string) => new ApiError('DirectPollForbidden', message, 403, [])
    const folder = refused("The folder /x is on this server's own disk, which shows only what is below restic.monitor.local_roots (AE_DIRECT_LOCAL_ROOTS).")
    expect(sentenceOf(folder)).toBe(folder.message)
    i18n.global.locale.value = 'de'
    expect(sentenceOf(folder)).toBe('Der Ordner /x ist auf der Platte dieses Servers, die nur zeigt, was unter restic.monitor.local_roots liegt (AE_DIRECT_LOCAL_ROOTS).')
    expect(sentenceOf(refused("A repository of the kind sftp that this server looks at itself needs its own key and known_hosts: this server's SSH keys are not for tenants."))).toMatch(/^Ein Repository der Art sftp.*Die SSH-Schlüssel/)
    expect(sentenceOf(refused('something new'))).toMatch(/^Dieser Server darf nach dem Repository nicht selbst sehen/)
  })
})

describe('the first sentence', () => {
  const sentence = (language: 'en' | 'de', words: 'dashboard' | 'targets', ...states: TargetStatus['status'][]): string => {
    i18n.global.locale.value = language
    return sentenceOfSummary(summarize(states.map((one) => status({ status: one }))), words, i18n.global.t)
  }
  it('has a plural for those that are well and one for those that are not', () => {
    expect(sentence('de', 'dashboard', 'healthy', 'unhealthy')).toBe('Eines von 2 geschützten Dingen ist sicher. Eines braucht Aufmerksamkeit.')
    expect(sentence('de', 'dashboard', 'unhealthy', 'unhealthy')).toBe('Keines von 2 geschützten Dingen ist sicher. 2 brauchen Aufmerksamkeit.')
    expect(sentence('en', 'dashboard', 'healthy', 'healthy', 'warning')).toBe('2 of 3 protected things are safe. One needs attention.')
    expect(sentence('en', 'dashboard', 'unhealthy')).toBe('The only protected thing needs attention.')
    expect(sentence('en', 'targets', 'healthy', 'unhealthy', 'unhealthy')).toBe('One of 3 targets is well. 2 need attention.')
    expect(sentence('de', 'targets', 'healthy', 'healthy')).toBe('Allen 2 Zielen geht es gut.')
    expect(sentence('en', 'targets', 'unknown')).toBe('Nobody has looked yet.')
  })
  it('is followed by no steps to a first backup for those who only watch', () => {
    expect(onlyWatches([status()], false)).toBe(true)
    expect(onlyWatches([status()], true)).toBe(false)
    expect(onlyWatches([status({ mode: 'agent' })], false)).toBe(false)
    expect(onlyWatches([], false)).toBe(false)
  })
})
