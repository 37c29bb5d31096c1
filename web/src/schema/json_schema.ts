/** As much of JSON Schema as the host says of its API, references resolved. */
export interface JsonSchema {
  type?: string | string[]
  title?: string
  description?: string
  example?: unknown
  format?: string
  enum?: readonly unknown[]
  writeOnly?: boolean
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  additionalProperties?: boolean | JsonSchema
  anyOf?: JsonSchema[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  default?: unknown
  /** Of a dump plugin: its members as a form shows them; those that it leaves out come last. */
  'x-order'?: readonly string[]
  /** Of a dump plugin: its title in other languages. */
  'x-title'?: Record<string, string>
  /** Of a dump plugin: changed on the machine only. */
  'x-machine'?: boolean
  /** Of a dump plugin: says where secrets go. */
  'x-destination'?: boolean
  /** Of a dump plugin: a policy may set it. */
  'x-policy'?: boolean
}

/** How a value is asked for; `unknown` is one that a form cannot ask for. */
export type FieldKind = 'text' | 'secret' | 'document' | 'number' | 'flag' | 'choice' | 'lines' | 'map' | 'group' | 'unknown'

const isNull = (schema: JsonSchema): boolean => schema.type === 'null'

/** Without the "or null" around it. */
export function essence(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter((one) => !isNull(one))
  if (others?.length !== 1) return schema
  const { anyOf: _, ...rest } = schema
  return { ...essence(others[0]!), ...rest }
}

export function typeOf(schema: JsonSchema): string {
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null')
  return types.length === 1 ? types[0]! : ''
}

const LONGEST_LINE = 4096

export function kindOf(schema: JsonSchema): FieldKind {
  const type = typeOf(schema)
  if (schema.enum) return 'choice'
  // What is a file elsewhere, such as a key: its lines matter.
  if (type === 'string' && schema.writeOnly && (schema.maxLength ?? 0) > LONGEST_LINE) return 'document'
  if (type === 'string') return schema.writeOnly || schema.format === 'password' ? 'secret' : 'text'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'boolean') return 'flag'
  if (type === 'array') return schema.items && typeOf(schema.items) === 'string' ? 'lines' : 'unknown'
  if (type !== 'object') return 'unknown'
  if (schema.properties) return 'group'
  return typeof schema.additionalProperties === 'object' && typeOf(schema.additionalProperties) === 'string' ? 'map' : 'unknown'
}

/** The members as a form shows them. */
export function membersOf(schema: JsonSchema): [string, JsonSchema][] {
  const order = schema['x-order'] ?? []
  const placeOf = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  return Object.entries(schema.properties ?? {}).sort(([a], [b]) => placeOf(a) - placeOf(b))
}

/** The pointer of a member, RFC 6901. */
export const below = (pointer: string, name: string): string => `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
export const isAt = (pointer: string, place: string): boolean => pointer === place || pointer.startsWith(`${place}/`)
