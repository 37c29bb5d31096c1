// Two types of one name with different contents in one program are undefined behaviour that no compiler sees: the
// linker keeps one of their inline functions for both.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** Name of each type that is defined outside unnamed namespaces, as "namespace::Name", with its place. */
export function typesOf(text) {
  const found = []
  const spaces = []
  let body = 0 // braces that are open and belong to no namespace
  for (const line of text.split('\n')) {
    const space = /^(?:inline )?namespace ?([\w:]*) \{/.exec(line)
    if (space && body === 0) {
      spaces.push(space[1])
      if (line.trimEnd().endsWith('}')) spaces.pop()
      continue
    }
    const type = /^(?:class|struct|enum class) (?:[A-Z]+_EXPORT )?(\w+)(?: final)?(?: :[^;{]*)? ?\{/.exec(line)
    if (type && body === 0 && !spaces.includes('')) found.push([...spaces, type[1]].join('::'))
    const code = line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)'|\/\/.*/g, '')
    for (const c of code)
      if (c === '{') ++body
      else if (c === '}')
        if (body > 0) --body
        else spaces.pop()
  }
  return found
}

test('a type is found in its namespace, and none of an unnamed one', () => {
  const text = 'namespace a::b {\nnamespace {\nstruct Own {\n    int x;\n};\n} // namespace\nclass A_EXPORT One final : public Two {\n};\n} // namespace a::b\n'
  assert.deepEqual(typesOf(text), ['a::b::One'])
})

test('each type of the programs is defined once', () => {
  const places = new Map()
  for (const folder of ['core/base', 'core/src', 'core/include', 'modules', 'agent/src'])
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile() && /\.(cpp|h)$/.test(entry.name)) {
        const file = join(entry.parentPath, entry.name)
        for (const name of typesOf(readFileSync(file, 'utf8'))) places.set(name, [...(places.get(name) ?? []), file])
      }
  assert.ok(places.size > 300, `only ${places.size} types were found`)
  assert.deepEqual([...places].filter(([, files]) => files.length > 1), [])
})
