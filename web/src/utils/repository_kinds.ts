import type { JsonSchema } from '../schema/json_schema'

const END = 'RepositoryConfig'

/** The schema of `config` of each kind of repository, by the kind's name, as the API declares them. */
export function kindsOfRepositories(schemas: Record<string, unknown>): Record<string, JsonSchema> {
  const kinds = Object.entries(schemas).filter(([name]) => name.endsWith(END))
  return Object.fromEntries(kinds.map(([name, schema]) => [name.slice(0, -END.length).toLowerCase(), schema as JsonSchema]))
}

/** The fields without which a kind has no address; not those of secrets, which it never shows. */
export const addressFieldsOf = (kind: JsonSchema, secrets: readonly string[] = []): string[] => (kind.required ?? []).filter((field) => !secrets.includes(field))

export const withoutFields = (schema: JsonSchema, fields: readonly string[]): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !fields.includes(name))),
  required: schema.required?.filter((name) => !fields.includes(name)),
})
