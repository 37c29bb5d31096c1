// The table of what others rely on is held against the routes, the declarations and the tests.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openapi } from './host.mjs'
import { kFields, kKeys } from './published.mjs'

const read = (file) => readFileSync(file, 'utf8')
const files = (folder, endings) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))

/** How many of each were promised: none is taken out of the table. */
const kPromised = { call: 126, error: 58, event: 9, setting: Object.keys(kFields).length, key: kKeys.length }
/** How many of them may still be to come: these only shrink. */
const kToCome = { call: 48, error: 6, event: 2, setting: 9, key: 0 }
const kSections = { Calls: 'call', Errors: 'error', Events: 'event', Settings: 'setting', 'Keys of config.yaml': 'key' }

/** kind -> name -> the cell of its tests; rows of "To come": kind -> name -> the reason. */
const done = {}
const toCome = {}
const others = new Map()
for (const part of read('tests/CONTRACT.md').split(/^## /m).slice(1)) {
  const title = part.slice(0, part.indexOf('\n'))
  for (const line of part.split('\n')) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    if (!/^`[^`]+`$/.test(cells[1] ?? '')) {
      const [, kind, name] = /^(call|error|event|setting|key) `([^`]+)`$/.exec(cells[1] ?? '') ?? []
      if (kind && title === 'To come') (toCome[kind] ??= new Map()).set(name, cells[2])
      continue
    }
    const name = cells[1].slice(1, -1)
    if (title === 'Other names') others.set(name, cells[2].replaceAll('`', ''))
    else if (kSections[title]) {
      const kind = (done[kSections[title]] ??= new Map())
      assert.ok(!kind.has(name), `${name} stands there twice`)
      kind.set(name, cells.at(-2))
    }
  }
}

/** `GET /a/{}`: the names of parameters are the document's. */
const plain = (call) => call.replace(/\{\w+\}/g, '{}')
const routes = new Set()
for (const [path, item] of Object.entries(openapi().paths))
  for (const method of Object.keys(item)) if (/^(get|put|post|delete|patch)$/.test(method)) routes.add(plain(`${method.toUpperCase()} ${path}`))

const declared = { error: new Set(), event: new Set() }
for (const folder of ['core/include', 'modules', 'agent/src'])
  for (const file of files(folder, /\.h$/)) {
    const text = read(file)
    for (const [, name] of text.matchAll(/\b(?:ErrorKind|FailureKind)\s+k\w+\s*\{[\s{]*"(\w+)"/g)) declared.error.add(name)
    if (folder === 'modules') for (const [, name, key] of text.matchAll(/struct (\w+) \{[^}]*?\bkKey = "([^"]+)"/g)) declared.event.add(`${name} ${key}`)
  }
for (const [, name] of /ClientErrorKind = ([^\n]*)/.exec(read('web/src/api/errors.ts'))[1].matchAll(/'(\w+)'/g)) declared.error.add(name)

const isThere = {
  call: (name) => routes.has(plain(name)),
  error: (name) => declared.error.has(name),
  event: (name) => [...declared.event].some((one) => one.split(' ').includes(name)),
  setting: (name) => kFields[name]?.at !== undefined,
  key: (name) => kKeys.includes(name),
}

test('the table has what was promised, and what is to come only shrinks', () => {
  for (const kind of Object.keys(kPromised)) {
    const coming = toCome[kind]?.size ?? 0
    assert.ok((done[kind]?.size ?? 0) + coming >= kPromised[kind], `${kind}: ${done[kind]?.size} and ${coming} are fewer than ${kPromised[kind]}`)
    assert.ok(coming <= kToCome[kind], `${kind}: ${coming} are to come, and it were ${kToCome[kind]}`)
  }
  for (const name of Object.keys(kFields)) assert.ok(done.setting.has(name) || toCome.setting.has(name), `${name} has no row`)
  for (const name of kKeys) assert.ok(done.key.has(name), `${name} has no row`)
})

test('each row is of something that is there', () => {
  const missing = []
  for (const [kind, rows] of Object.entries(done)) for (const name of rows.keys()) if (!isThere[kind](name)) missing.push(`${kind} ${name}`)
  assert.deepEqual(missing, [])
})

test('what is to come is not there yet, has a reason and no row', () => {
  const wrong = []
  for (const [kind, rows] of Object.entries(toCome))
    for (const [name, reason] of rows) {
      if (isThere[kind](name)) wrong.push(`${kind} ${name} has come: give it its row`)
      if (done[kind].has(name)) wrong.push(`${kind} ${name} has a row as well`)
      if (reason.length < 10) wrong.push(`${kind} ${name} has no reason`)
    }
  assert.deepEqual(wrong, [])
})

test('each route and each event of ours has a row', () => {
  const listed = new Set([...done.call.keys()].map(plain))
  assert.deepEqual(
    [...routes].filter((route) => !listed.has(route)),
    [],
  )
  const rows = new Set(done.event.keys())
  assert.deepEqual(
    [...declared.event].filter((event) => !rows.has(event.split(' ')[0])),
    [],
  )
})

test('of two names for one thing the other is declared nowhere', () => {
  assert.ok(others.size >= 4)
  for (const [name, ours] of others) {
    assert.ok(!declared.error.has(name), `${name} is declared`)
    assert.ok(declared.error.has(ours) || toCome.error.has(ours), `${ours} is not declared`)
  }
})

test('each test that the table names is in the file that it names', () => {
  const missing = []
  for (const [kind, rows] of Object.entries(done))
    for (const [row, cell] of rows) {
      let named = 0
      let text
      for (const [, file, name, title] of cell.matchAll(/`([\w/.-]+\.(?:cpp|mjs|ts))`|`(\w+\.\w+)`|"([^"]+)"/g)) {
        if (file) {
          const path = file.startsWith('web/') ? file : join('tests', file)
          text = existsSync(path) ? read(path) : undefined
          if (text === undefined) missing.push(`${kind} ${row}: there is no ${path}`)
          continue
        }
        ++named
        const [suite, one] = (name ?? '').split('.')
        const found = text !== undefined && (title !== undefined ? [`'${title}'`, `"${title}"`].some((quoted) => text.includes(quoted)) : new RegExp(`TEST(_F|_P)?\\(\\s*${suite}\\s*,\\s*${one}\\s*\\)`).test(text))
        if (!found) missing.push(`${kind} ${row}: ${name ?? title}`)
      }
      if (named === 0) missing.push(`${kind} ${row}: no test is named`)
    }
  assert.deepEqual(missing, [])
})
