// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { backUpEverywhere } from '../../src/utils/back_up'

const policy = { id: 'p', agents: ['a', 'b', 'c'].map((id) => ({ agent_id: id, hostname: `host-${id}`, next_run_at: null, placeholder: false })) }

describe('backUpEverywhere', () => {
  it('starts as many tasks as agents follow, and says who was refused', async () => {
    const asked: string[] = []
    const answer = await backUpEverywhere(policy, (agent) => {
      asked.push(agent)
      return agent === 'b' ? Promise.reject(new Error('no')) : Promise.resolve({ id: `task-${agent}`, status: 'queued' })
    })
    expect(asked).toEqual(['a', 'b', 'c'])
    expect(answer.tasks).toEqual(['task-a', 'task-c'])
    expect(answer.refused.map((one) => one.hostname)).toEqual(['host-b'])
  })
})
