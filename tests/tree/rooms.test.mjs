// The arrows of docs/architecture.md: a room (a folder of a part's sources) includes only rooms that its part's line
// names before it, so there is no circle between rooms.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** The table "Rooms": for each part of the tree its rooms from the lowest to the highest; "a b" in one cell are neighbours. */
export function layersOf(text) {
  const parts = new Map()
  for (const [, part, rooms] of text.matchAll(/^\| `([\w/]+)` \| (.+) \|$/gm))
    if (rooms.includes(' → '))
      parts.set(part, rooms.split(' → ').map((layer) => layer.trim().split(/[ ,]+/).map((room) => room.replace(/[`/]/g, ''))))
  return parts
}

/** What breaks the order: includes of a file that lead to a room which is not below its own. */
export function wrongIncludes(layers, room, text) {
  const level = new Map(layers.flatMap((rooms, i) => rooms.map((name) => [name, i])))
  const wrong = []
  for (const [, other] of text.matchAll(/^#include "([a-z_]+)\//gm))
    if (level.has(other) && other !== room && (!level.has(room) || level.get(other) >= level.get(room))) wrong.push(other)
  return wrong
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (/\.(h|cpp)$/.test(entry.name)) yield join(entry.parentPath ?? entry.path, entry.name)
}

const document = readFileSync('docs/architecture.md', 'utf8')
const parts = layersOf(document)

test('an include that leads up or to a neighbour is found', () => {
  const layers = layersOf('| `x/src` | `low/` → `left/`, `right/` → `top/` |\n').get('x/src')
  assert.deepEqual(layers, [['low'], ['left', 'right'], ['top']])
  assert.deepEqual(wrongIncludes(layers, 'left', '#include "low/a.h"\n#include "left/b.h"\n#include "core/json.h"\n'), [])
  assert.deepEqual(wrongIncludes(layers, 'left', '#include "right/a.h"\n#include "top/b.h"\n'), ['right', 'top'])
})

test('every part with rooms is in the table, with every room', () => {
  assert.deepEqual([...parts.keys()].sort(), ['agent/src', 'core/src', 'modules/base/src', 'modules/restic/src'])
  for (const [part, layers] of parts) {
    const rooms = readdirSync(part, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
    assert.deepEqual(layers.flat().sort(), rooms.sort(), part)
  }
})

for (const [part, layers] of parts)
  test(`rooms of ${part} include only what is below them`, () => {
    const wrong = []
    for (const file of sources(part)) {
      const path = file.slice(part.length + 1).split('/')
      const room = path.length > 1 ? path[0] : undefined
      const text = readFileSync(file, 'utf8')
      // A name that is both a room and a library of headers ("restic/protocol/…") is a room where the file is there.
      const own = text.replace(/^#include "([^"]+)"$/gm, (line, path) => (existsSync(join(part, path)) ? line : ''))
      if (room !== undefined) for (const other of wrongIncludes(layers, room, own)) wrong.push(`${file} → ${other}/`)
    }
    assert.deepEqual(wrong, [])
  })

test('the parts of the tree keep their arrows', () => {
  const forbidden = [
    ['core', /^#include "(base|restic|agents|tasks|policies|repositories)\//m],
    ['modules/base', /^#include "restic\//m],
    ['modules/restic/protocol', /^#include "(?!core\/|restic\/protocol\/)/m],
    ['core/base', /^#include "(?:core\/(?:db|event|module)\/|(?!core\/)[^"]+\/)/m]
  ]
  const wrong = []
  for (const [folder, pattern] of forbidden)
    for (const file of sources(folder)) if (pattern.test(readFileSync(file, 'utf8'))) wrong.push(`${file}: ${pattern.exec(readFileSync(file, 'utf8'))[0]}`)
  assert.deepEqual(wrong, [])
})
