// Writes the schemas that forms of the page are made from, of what the host says of its API: those named here, and what
// each kind of repository takes as its config.
import { readFileSync, writeFileSync } from 'node:fs'

const [from, to] = process.argv.slice(2)
const { schemas } = JSON.parse(readFileSync(from, 'utf8')).components
const kinds = schemas.RepositoryInput.properties.config.anyOf.flatMap((kind) => (kind.$ref ? [kind.$ref.split('/').at(-1)] : []))
const FORMS = ['RetentionRules', 'PolicyOptions', ...kinds]

/** With what it refers to in place; a form has no circles. */
function whole(schema) {
  if (Array.isArray(schema)) return schema.map(whole)
  if (schema === null || typeof schema !== 'object') return schema
  if (schema.$ref) return whole(schemas[schema.$ref.split('/').at(-1)])
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, whole(value)]))
}
writeFileSync(to, JSON.stringify(Object.fromEntries(FORMS.map((name) => [name, whole(schemas[name])])), null, 2))
