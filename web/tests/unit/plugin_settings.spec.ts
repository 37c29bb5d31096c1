import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../../src/schema/json_schema'
import { formValues, goesElsewhere, isChanged, missingSecrets, only, problemsIn, toSend } from '../../src/schema/plugin_settings'

const schema: JsonSchema = {
  type: 'object',
  required: ['user'],
  properties: {
    host: { type: 'string', default: 'localhost', 'x-destination': true },
    port: { type: 'integer', default: 5432, 'x-destination': true },
    user: { type: 'string' },
    password: { type: 'string', writeOnly: true },
    password_file: { type: 'string', 'x-machine': true },
    databases: { type: 'array', items: { type: 'string' }, default: [], 'x-policy': true },
    roles: { type: 'boolean', default: true },
  },
}
/** What a person sees and changes, as it is sent. */
const sent = (kept: Record<string, unknown>, typed: Record<string, unknown>) => toSend(schema, { ...formValues(schema, kept), ...typed }, kept)

describe('the form of a plugin', () => {
  it('begins with what is kept, over the defaults', () => {
    expect(formValues(schema, { host: 'db-01' })).toEqual({ host: 'db-01', port: 5432, databases: [], roles: true })
  })
  it('sends no default that nobody chose, so that an untouched one changes nothing', () => {
    expect(sent({ user: 'backup' }, {})).toEqual({ user: 'backup' })
    expect(sent({ user: 'backup', host: 'localhost' }, {})).toEqual({ user: 'backup', host: 'localhost' })
    expect(sent({}, { roles: false })).toEqual({ roles: false })
    expect(sent({ host: 'db-01' }, { host: 'localhost' })).toEqual({ host: 'localhost' })
  })
  it('sends nothing of the machine, and a null that takes a secret away', () => {
    expect(sent({ password_file: '/etc/secret' }, { password: null })).toEqual({ password: null })
  })
  it('is changed by what is typed, and not by a default that is written down', () => {
    expect(isChanged(schema, formValues(schema, { user: 'a' }), { user: 'a' })).toBe(false)
    expect(isChanged(schema, { ...formValues(schema, { user: 'a' }), databases: ['shop'] }, { user: 'a' })).toBe(true)
    expect(isChanged(schema, { ...formValues(schema, { user: 'a' }), password: 'x' }, { user: 'a' })).toBe(true)
  })
})

describe('where secrets go', () => {
  const kept = { user: 'a', host: 'db-01' }
  it('is what destination fields say', () => {
    expect(goesElsewhere(schema, sent(kept, {}), kept)).toBe(false)
    expect(goesElsewhere(schema, sent(kept, { user: 'b' }), kept)).toBe(false)
    expect(goesElsewhere(schema, sent(kept, { port: 5433 }), kept)).toBe(true)
    expect(goesElsewhere(schema, sent(kept, { host: undefined }), kept)).toBe(true)
  })
  it('asks for kept ones again, unless they are typed or taken away', () => {
    expect(missingSecrets(schema, sent(kept, { host: 'db-02' }), kept, ['password'])).toEqual(['password'])
    expect(missingSecrets(schema, sent(kept, { host: 'db-02', password: 'x' }), kept, ['password'])).toEqual([])
    expect(missingSecrets(schema, sent(kept, { host: 'db-02', password: null }), kept, ['password'])).toEqual([])
    expect(missingSecrets(schema, sent(kept, { user: 'b' }), kept, ['password'])).toEqual([])
  })
})

describe('what an agent says of settings', () => {
  const said = (what: string): string => `The settings of the plugin postgres cannot be used: ${what}.`
  it('goes to the fields that it names', () => {
    expect(problemsIn(said('host: must not be empty; databases/1: is required'), schema)).toEqual([
      { pointer: '/settings/host', message: 'must not be empty' },
      { pointer: '/settings/databases/1', message: 'is required' },
    ])
    expect(problemsIn(said('host: is wrong'), schema, '/destination')[0]?.pointer).toBe('/destination/host')
  })
  it('keeps a semicolon within a message, and what is said of all of them', () => {
    expect(problemsIn(said('host: no name; no address'), schema)).toEqual([{ pointer: '/settings/host', message: 'no name; no address' }])
    expect(problemsIn(said('they: cannot be judged'), schema)).toEqual([{ pointer: '/settings', message: 'cannot be judged' }])
  })
  it('is left as it is where it names no field', () => {
    expect(problemsIn('The server went away', schema)).toEqual([])
    expect(problemsIn(said('something else'), schema)).toEqual([])
  })
})

it('a part of a schema requires nothing', () => {
  expect(only(schema, (property) => property['x-policy'] === true)).toEqual({ type: 'object', properties: { databases: schema.properties!.databases } })
})
