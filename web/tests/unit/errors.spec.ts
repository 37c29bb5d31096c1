// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../src/api/errors'
import { i18n } from '../../src/i18n'
import { hintOf, meaningOf } from '../../src/i18n/errors'
import { ownWordsOf, sentenceOf } from '../../src/i18n/sentence'

const taken = new ApiError('PolicyAlreadyExists', 'A policy named "x" exists.', 409, [])
const path = new ApiError('ValidationError', '/include_paths/0 must be an absolute path', 400, [{ pointer: '/include_paths/0', message: 'must be an absolute path' }])
const two = new ApiError('ValidationError', 'Invalid: /name is required, /schedule is required', 400, [
  { pointer: '/name', message: 'is required' },
  { pointer: '/schedule', message: 'is required' },
])
afterEach(() => (i18n.global.locale.value = 'en'))

describe('errors of the API', () => {
  it('speak the language of the page', () => {
    i18n.global.locale.value = 'en'
    expect(sentenceOf(taken)).toBe('A policy named "x" exists.')
    expect(ownWordsOf(taken)).toBe('')
    i18n.global.locale.value = 'de'
    expect(sentenceOf(taken)).toMatch(/^Eine Richtlinie dieses Namens gibt es schon/)
    expect(ownWordsOf(taken)).toBe('A policy named "x" exists.')
  })
  it('name fields as the page does, never by pointers', () => {
    expect(sentenceOf(path)).toBe('What 1: must be an absolute path.')
    expect(sentenceOf(two)).not.toContain('/')
    i18n.global.locale.value = 'de'
    expect(sentenceOf(path)).toBe('Was 1: muss ein absoluter Pfad sein.')
  })
  it('of a later host are shown in its own words', () => {
    i18n.global.locale.value = 'de'
    expect(sentenceOf(new ApiError('SomethingNew', 'It is new.', 409, []))).toBe('It is new.')
  })
  it('of tasks say in German what happened and what to do', () => {
    const failure = { error: 'OutOfDiskSpace', message: 'no space left', hint: 'Free space' }
    expect(meaningOf(failure, 'de')).toBe('Eine Platte ist voll.')
    expect(hintOf(failure, 'de')).toMatch(/^Schaffen Sie Platz/)
    expect(meaningOf(failure, 'en')).toBe('')
    expect(hintOf(failure, 'en')).toBe('Free space')
  })
})

describe('plurals', () => {
  it('agree with their number in both languages', () => {
    const say = (language: 'en' | 'de', key: string, count: number): string => {
      i18n.global.locale.value = language
      return i18n.global.t(key, { count, enabled: count, online: count, good: 0, bad: count, name: 'x' }, count)
    }
    expect(say('en', 'run.warning', 1)).toContain('one file could')
    expect(say('de', 'run.warning', 1)).toContain('eine Datei war')
    expect(say('de', 'run.warning', 3)).toContain('3 Dateien waren')
    expect(say('en', 'runs.sentence', 1)).toBe('The last run.')
    expect(say('de', 'runs.sentence', 1)).toBe('Der letzte Lauf.')
    expect(say('en', 'runs.sentence', 2)).toContain('2 runs')
    expect(say('de', 'agents.sentence', 1)).toContain('Ein Agent,')
    expect(say('en', 'policies.started', 1)).toContain('One backup')
  })
})
