import { describe, expect, it } from 'vitest'
import { confirmationOf, groupsOf } from '../../src/utils/retention_trial'

const group = (kept: number, removed: number) => ({ host: 'web-01', paths: ['/home', '/etc'], kept, removed, kept_snapshots: [], removed_snapshots: [] })

describe('a trial of a retention', () => {
  it('names each group by its machine and paths, and says where more than half would go', () => {
    expect(groupsOf({ groups: [group(2, 2), group(2, 3)] })).toEqual([
      { name: 'web-01 /home /etc', kept: 2, removed: 2, overHalf: false },
      { name: 'web-01 /home /etc', kept: 2, removed: 3, overHalf: true },
    ])
    expect(groupsOf(null)).toEqual([])
    expect(groupsOf({ groups: [{ ...group(1, 0), host: '', paths: [] }] })[0]!.name).toBe('')
  })

  it('is sent with the rules as far as it worked, or that somebody is sure', () => {
    const ends = [
      { task: 'one', worked: true, overHalf: false },
      { task: 'two', worked: false, overHalf: false },
    ]
    expect(confirmationOf(ends, false)).toEqual({ retention_previews: ['one'] })
    expect(confirmationOf(ends, true)).toEqual({ confirm_removal: true })
  })
})
