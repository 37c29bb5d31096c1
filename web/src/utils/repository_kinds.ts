import type { JsonSchema } from '../schema/json_schema'

const END = 'RepositoryConfig'

/** The schema of `config` of each kind of repository, by the kind's name, as the API declares them; of some kinds only. */
export function kindsOfRepositories(schemas: Record<string, unknown>, only?: readonly string[]): Record<string, JsonSchema> {
  const kinds = Object.entries(schemas).filter(([name]) => name.endsWith(END))
  const named = kinds.map(([name, schema]) => [name.slice(0, -END.length).toLowerCase(), schema as JsonSchema] as const)
  return Object.fromEntries(named.filter(([name]) => !only || only.includes(name)))
}

/** The fields without which a kind has no address; not those of secrets, which it never shows. */
export const addressFieldsOf = (kind: JsonSchema, secrets: readonly string[] = []): string[] => (kind.required ?? []).filter((field) => !secrets.includes(field))

export const withoutFields = (schema: JsonSchema, fields: readonly string[]): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !fields.includes(name))),
  required: schema.required?.filter((name) => !fields.includes(name)),
})

/** The schema with other words for one of its fields. */
export const withDescription = (schema: JsonSchema, field: string, description: string): JsonSchema => ({
  ...schema,
  properties: { ...schema.properties, ...(schema.properties?.[field] ? { [field]: { ...schema.properties[field], description } } : {}) },
})
