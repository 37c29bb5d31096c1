import type { JsonSchema } from '../schema/json_schema'

const END = 'RepositoryConfig'

/** The schema of `config` of each kind of repository, by the kind's name, as the API declares them. */
export function kindsOfRepositories(schemas: Record<string, unknown>): Record<string, JsonSchema> {
  const kinds = Object.entries(schemas).filter(([name]) => name.endsWith(END))
  return Object.fromEntries(kinds.map(([name, schema]) => [name.slice(0, -END.length).toLowerCase(), schema as JsonSchema]))
}
