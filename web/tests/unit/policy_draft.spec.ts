import { describe, expect, it } from 'vitest'
import type { Policy } from '../../src/api/client'
import { differences, draftOf, emptyDraft, inputOf, merge } from '../../src/utils/policy_draft'

const policy = {
  id: 'p', name: 'nightly', enabled: true, schedule: '0 2 * * *', include_paths: ['/home'], exclude_paths: [], tags: [], plugins: [], repository_id: 'r', repository_url: '/mnt',
  timezone: 'UTC', priority: 8, retention_rules: { keep_daily: 7, keep_last: null }, origins: { timezone: 'policy', priority: 'tenant', retention_rules: 'policy' },
} as unknown as Policy

describe('the draft of a policy', () => {
  it('has what is the policy’s own, and its repository by its id alone', () => {
    const draft = draftOf(policy)
    expect(draft).toMatchObject({ name: 'nightly', timezone: 'UTC', repository_id: 'r', assign: null })
    expect(draft).not.toHaveProperty('priority')
    expect(draft).not.toHaveProperty('repository_url')
  })
  it('of a new one leaves to the tenant what the tenant says', () => {
    expect(emptyDraft({}, 'Asia/Tokyo')).toMatchObject({ timezone: 'Asia/Tokyo', retention_rules: { keep_daily: 7 } })
    const left = emptyDraft({ timezone: 'UTC', retention_rules: { keep_last: 3 } }, 'Asia/Tokyo')
    expect(left).not.toHaveProperty('timezone')
    expect(left).not.toHaveProperty('retention_rules')
  })
  it('is sent with a trimmed name, and assigned to nobody where nobody is named', () => {
    expect(inputOf({ ...draftOf(policy), name: ' weekly ', assign: { tags: [], hostnames: [] } })).toMatchObject({ name: 'weekly', assign: null })
    expect(inputOf({ ...draftOf(policy), assign: { tags: ['web'] } }).assign).toEqual({ tags: ['web'] })
  })
})

describe('two who change one policy', () => {
  const base = draftOf(policy)
  it('see what is another way, whatever the order of members', () => {
    expect(differences(base, { ...base, retention_rules: { keep_last: null, keep_daily: 7 } })).toEqual([])
    expect(differences(base, { ...base, priority: 3 })).toEqual(['priority'])
  })
  it('lose nothing', () => {
    const mine = { ...base, include_paths: ['/mine'], schedule: '0 3 * * *' }
    const theirs = { ...base, include_paths: ['/theirs'], tags: ['new'], schedule: '0 3 * * *' }
    const found = merge(base, theirs, mine)
    expect(found.draft).toEqual({ ...base, include_paths: ['/mine'], tags: ['new'], schedule: '0 3 * * *' })
    expect(found.taken).toEqual(['tags'])
    expect(found.both).toEqual(['include_paths'])
  })
  it('also where one of them inherits again', () => {
    const { timezone: _, ...mine } = base
    expect(merge(base, { ...base, name: 'other' }, mine as typeof base).draft).toMatchObject({ name: 'other', timezone: undefined })
  })
})
