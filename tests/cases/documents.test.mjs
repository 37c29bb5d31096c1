// Sentences of the documents that can be held against the code.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const read = (file) => readFileSync(file, 'utf8')
const oneLine = (text) => text.replace(/--.*$/gm, '').replace(/\s+/g, ' ').trim()
const files = (folder, ending) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))

/** Applied files are never edited: these have the form from before; the outbox has rows of no tenant as well. */
const kOthers = ['core/migrations/postgresql/V0002__', 'modules/restic/migrations/postgresql/V0001__', 'modules/restic/migrations/postgresql/V0003__']

test('the form of row security in docs/database.md is that of the migrations', () => {
  const block = read('docs/database.md').match(/```sql\n(ALTER TABLE t ENABLE[^`]*)```/)[1]
  const statements = block.split(';').map(oneLine).filter(Boolean)
  assert.equal(statements.length, 4)
  const template = oneLine(read(files('core/app/module_template/migrations/postgresql', '.sql')[0]))
  for (const statement of statements)
    assert.ok(template.includes(statement.replace(/\bt\b/, 'hello_greetings')), `not in the template: ${statement}`)
  const policy = statements.find((statement) => statement.startsWith('CREATE POLICY tenant'))
  const form = policy.slice(policy.indexOf('USING'))
  let found = 0
  for (const folder of ['core/migrations', 'modules/base/migrations', 'modules/restic/migrations', 'tests/sdk_consumer/migrations'])
    for (const file of files(join(folder, 'postgresql'), '.sql'))
      for (const [, mine] of oneLine(read(file)).matchAll(/CREATE POLICY \S+ ON \S+ TO ae_app (USING \(tenant_id = [^;%]*WITH CHECK [^;]*);/g)) {
        if (kOthers.some((other) => file.startsWith(other))) continue
        assert.equal(mine, form, file)
        ++found
      }
  assert.ok(found >= 8, `only ${found} policies were found`)
})

test('each event is as CONTRIBUTING.md says', () => {
  const rule = read('CONTRIBUTING.md').match(/- \*\*an event\*\*: (.*)/)[1]
  const words = [...rule.matchAll(/`([^`]+)`/g)].map(([, word]) => word)
  assert.deepEqual(words, ['kKey', 'events()', 'kCrossHost'], 'the sentence is another one: hold it against the code here')
  let found = 0
  for (const module of ['base', 'restic'])
    for (const header of files(join('modules', module, 'include'), '.h')) {
      const text = read(header)
      for (const [, event] of text.matchAll(/struct (\w+) \{[^}]*\bkKey\b/g)) {
        assert.match(text, new RegExp(`wireType\\(const ${event}\\*\\)`), `${event} has no wire type`)
        assert.ok(text.includes(`Declaration::of<${event}>`), `${event} is not listed`)
        assert.match(read('docs/events.md'), new RegExp(text.match(new RegExp(`struct ${event} \\{[^}]*kKey = "([^"]+)"`))[1].replaceAll('.', '\\.')))
        ++found
      }
    }
  assert.ok(found > 5)
  assert.match(read('core/include/core/event/event.h'), /\bkCrossHost\b/)
})

test('each file and folder that README, CONTRIBUTING and the documents link or name is there', () => {
  const missing = []
  for (const document of ['README.md', 'CONTRIBUTING.md', ...readdirSync('docs').filter((name) => name.endsWith('.md')).map((name) => join('docs', name))]) {
    const folder = document.startsWith('docs') ? 'docs' : '.'
    for (const [, target] of read(document).replace(/```[^]*?```/g, '').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) if (!existsSync(join(folder, target))) missing.push(`${document}: ${target}`)
  }
  for (const [, folder] of read('README.md').matchAll(/^\| `([\w/]+\/)`/gm)) if (!existsSync(folder)) missing.push(folder)
  assert.deepEqual(missing, [])
})

test('the protocol names each variable that a repository may have, and each kind of task', () => {
  const protocol = readFileSync('docs/protocol.md', 'utf8')
  const folder = 'modules/restic/protocol/repositories'
  const declared = readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, 'utf8')).join('')
  const names = [...declared.matchAll(/"([A-Z][A-Z0-9]+_[A-Z0-9_]+)"|"(ST_[A-Z]+)"/g)].map(([, name, other]) => name ?? other)
  const kinds = [...readFileSync('modules/restic/protocol/task_kinds.cpp', 'utf8').matchAll(/\.name = "(\w+)"/g)].map(([, name]) => name)
  assert.ok(names.length > 20 && kinds.length >= 8)
  assert.deepEqual([...names, ...kinds].filter((name) => !protocol.includes(`\`${name}\``)), [])
})
