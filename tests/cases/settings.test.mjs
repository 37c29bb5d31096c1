// The settings that were published, held against what the built host and agent say of themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentSettings, hostSettings, openapi } from './host.mjs'
import { kFields, kKeys } from './published.mjs'

const kUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** 60s is 1m. */
const plain = (value) => {
  const found = /^(\d+)(ms|s|m|h|d)$/.exec(value)
  return found ? `${Number(found[1]) * kUnits[found[2]]}ms` : value
}

test('each published setting is there, of its type and with its default', () => {
  const host = hostSettings()
  const agent = agentSettings()
  const tenant = openapi().components.schemas.NewTenant.properties
  assert.ok(host.size > 50 && agent.size > 30, 'the reference of the host or the agent cannot be read')
  const wrong = []
  for (const [field, { at, key, type, default: value }] of Object.entries(kFields)) {
    if (at === undefined) continue // to come
    if (at === 'tenant') {
      if (!tenant[key]?.description?.includes(`Default ${value}`)) wrong.push(`${field}: ${key} of a tenant is not ${value}`)
      continue
    }
    const mine = (at === 'host' ? host : agent).get(key)
    if (!mine) wrong.push(`${field}: there is no ${key}`)
    else if (type !== undefined && mine.type !== type) wrong.push(`${field}: ${key} is ${mine.type} and not ${type}`)
    else if (value !== undefined && plain(mine.default) !== plain(value)) wrong.push(`${field}: ${key} is ${mine.default} and not ${value}`)
  }
  assert.deepEqual(wrong, [])
})

test('each published key of config.yaml is one of the agent', () => {
  const agent = agentSettings()
  assert.deepEqual(
    kKeys.filter((key) => !agent.has(key)),
    [],
  )
})
