import { describe, expect, it } from 'vitest'
import { reachedBy } from '../../src/utils/reach'

describe('reachedBy', () => {
  it('offers the repository on a machine to that machine alone', () => {
    const local = { type: 'local' as const, agent_id: 'a' }
    expect(reachedBy(local, ['a'])).toBe(true)
    expect(reachedBy(local, ['b'])).toBe(false)
    expect(reachedBy(local, ['a', 'b'])).toBe(false)
    expect(reachedBy({ type: 'rest', agent_id: null }, ['a', 'b'])).toBe(true)
  })
})
