import type { Problem } from '../api/errors'
import { essence, membersOf, type JsonSchema } from './json_schema'

/** Settings of a dump plugin, as its schema has them. */
export type Settings = Record<string, unknown>

const propertiesOf = (schema: JsonSchema): [string, JsonSchema][] => membersOf(schema).map(([name, property]) => [name, essence(property)])
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** What a form begins with: what is kept, and the schema's defaults where nothing is. */
export function formValues(schema: JsonSchema, kept: Settings): Settings {
  const defaults = propertiesOf(schema).flatMap(([name, property]) => (property.default === undefined ? [] : [[name, property.default] as const]))
  return { ...Object.fromEntries(defaults), ...kept }
}

/**
 * What of a form is sent: nothing that is the machine's own, and no default that nobody chose. An agent takes what was not
 * there before for a change, and a change of where secrets go takes them away.
 */
export function toSend(schema: JsonSchema, values: Settings, kept: Settings): Settings {
  const sent = propertiesOf(schema).filter(
    ([name, property]) => values[name] !== undefined && !property['x-machine'] && !(!(name in kept) && same(values[name], property.default)),
  )
  return Object.fromEntries(sent.map(([name]) => [name, values[name]]))
}

/** The settings as they hold, so that one that is left out counts as its default. */
const withDefaults = formValues

/** Whether a form differs from what is kept. */
export const isChanged = (schema: JsonSchema, values: Settings, kept: Settings): boolean =>
  propertiesOf(schema).some(([name]) => !same(values[name], withDefaults(schema, kept)[name]))

/** Whether what is sent goes to another place than what is kept: then secrets do not go with it. */
export function goesElsewhere(schema: JsonSchema, sent: Settings, kept: Settings): boolean {
  return propertiesOf(schema).some(([name, property]) => property['x-destination'] && !same(sent[name], kept[name]))
}

/** Secrets that must be typed again, or taken away, before this can be sent. */
export const missingSecrets = (schema: JsonSchema, sent: Settings, kept: Settings, secrets: readonly string[]): string[] =>
  goesElsewhere(schema, sent, kept) ? secrets.filter((name) => sent[name] === undefined) : []

/** What a policy, or a form of a part, may ask for: the properties that pass, none of them required. */
export function only(schema: JsonSchema, passes: (property: JsonSchema) => boolean): JsonSchema {
  return { type: 'object', properties: Object.fromEntries(propertiesOf(schema).filter(([, property]) => passes(property))) }
}

/**
 * The fields that an agent names in a sentence like "The settings of the plugin x cannot be used: host: must not be empty;
 * items/0: …." The answer is empty where it is another sentence.
 */
export function problemsIn(message: string, schema: JsonSchema, pointer = '/settings'): Problem[] {
  const list = /cannot be used: (.*)\.$/s.exec(message)?.[1]
  if (!list) return []
  const names = propertiesOf(schema).map(([name]) => name)
  const found: Problem[] = []
  for (const part of list.split('; ')) {
    const [, place = '', text = ''] = /^(\S+?): (.*)$/s.exec(part) ?? []
    const last = found.at(-1)
    if (names.includes(place.split('/')[0]!)) found.push({ pointer: `${pointer}/${place}`, message: text })
    else if (place === 'they') found.push({ pointer, message: text })
    else if (last) last.message += `; ${part}`
    else return []
  }
  return found
}
