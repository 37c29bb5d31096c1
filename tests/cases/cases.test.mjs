// The table of cases is held against the tests that it names.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** How many cases of each kind there are. */
const kCases = { backup: 20, schedule: 6, identity: 7, network: 16, modules: 10, host: 9, page: 14, scale: 7, tests: 10 }
/** A case may wait for a later part of the product; the list only shrinks. */
const kWaiting = new Set(readFileSync('tests/CASES.md', 'utf8').split('## Waiting')[1].match(/\b[a-z]+-\d+\b/g) ?? [])

const rows = new Map()
for (const line of readFileSync('tests/CASES.md', 'utf8').split('## Waiting')[0].split('\n')) {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  if (!/^[a-z]+-\d+$/.test(cells[1] ?? '')) continue
  rows.set(cells[1], (rows.get(cells[1]) ?? '') + ` ${cells[3]}`)
}

const sources = []
for (const folder of ['tests', 'web/tests'])
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && /\.(cpp|mjs|ts)$/.test(entry.name) && !entry.parentPath.includes('node_modules'))
      sources.push(readFileSync(join(entry.parentPath, entry.name), 'utf8'))
const text = sources.join('\n')

/** Whether googletest knows that test: `Suite.Name`, `Suite.*`, `Prefix/Suite.Name/*`. */
function exists(name) {
  const [suite, one] = name.replace(/^\w+\//, '').replace(/\/[\w*]+$/, '').split('.')
  const pattern = one === '*' || one === undefined ? `TEST(_F|_P)?\\(\\s*${suite}\\s*,` : `TEST(_F|_P)?\\(\\s*${suite}\\s*,\\s*${one}\\s*\\)`
  return new RegExp(pattern).test(text)
}

test('each case has a row with a test, or waits', () => {
  const missing = []
  for (const [kind, count] of Object.entries(kCases))
    for (let i = 1; i <= count; ++i)
      if (!rows.get(`${kind}-${i}`) && !kWaiting.has(`${kind}-${i}`)) missing.push(`${kind}-${i}`)
  assert.deepEqual(missing, [])
})

test('each test that the table names exists', () => {
  const missing = []
  for (const [name, cell] of rows) {
    const named = [...cell.matchAll(/`([A-Za-z]\w*(?:\/\w+)?\.(?:\w+|\*)(?:\/[\w*]+)?)`/g)].map(([, one]) => one).filter((one) => !/\.(mjs|ts|cpp|h|md|js|sh)$/.test(one))
    const quoted = [...cell.matchAll(/"([^"]+)"/g)].map(([, one]) => one)
    if (named.length + quoted.length === 0) missing.push(`${name}: no test is named`)
    for (const one of named) if (!exists(one)) missing.push(`${name}: ${one}`)
    for (const one of quoted) if (!text.includes(one)) missing.push(`${name}: "${one}"`)
  }
  assert.deepEqual(missing, [])
})
