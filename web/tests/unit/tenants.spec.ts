import { describe, expect, it } from 'vitest'
import { choicesOf } from '../../src/utils/tenants'

describe('choicesOf', () => {
  it('reads id and name, whatever the name is', () => {
    const id = '0190f3a0-0000-7000-8000-000000000000'
    expect(
      choicesOf([
        { pointer: '/tenant_id', message: `${id} Acme & Sons  <b>` },
        { pointer: '/tenant_id', message: `${id} ` },
        { pointer: '/email', message: 'is something else' },
      ]),
    ).toEqual([
      { id, name: 'Acme & Sons  <b>' },
      { id, name: '' },
    ])
  })
})
