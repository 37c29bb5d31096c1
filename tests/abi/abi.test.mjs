// The check of the ABI must be able to fail: each case changes one thing of a small SDK, compiled for real.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { judge, readSnapshot, writeSnapshot } from '../../scripts/abi/compare.mjs'
import { surface } from '../../scripts/abi/surface.mjs'

const compiler = process.env.AE_COMPILER ?? 'g++'
const fixture = join(dirname(fileURLToPath(import.meta.url)), 'fixture')
const wanted = /^shop::/
let folder
let original

function surfaceOf(macro, from = fixture) {
  const library = join(folder, 'shop.so')
  const flags = macro ? [`-D${macro}`] : []
  execFileSync(compiler, ['-std=c++20', '-fvisibility=hidden', '-shared', '-fPIC', ...flags, '-I', join(from, 'include'), join(from, 'shop.cpp'), '-o', library])
  return surface({ compiler, library, includes: [join(from, 'include')], wanted, flags })
}
const unreleased = () => ({ abi: 1, released: null, surface: original })
const released = () => ({ abi: 1, released: { version: '0.1.0', abi: 1 }, surface: original })

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ae-abi-test-'))
  original = surfaceOf()
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('the surface is what modules see, and nothing else', () => {
  assert.equal(
    original,
    `enum shop::Colour: 32
  value 0 red
  value 1 blue
type shop::Price, 16 bytes
  field 0 cents: long int
  field 8 a: int
  field 12 b: int
type shop::Shop, 8 bytes
  virtual destructor
  virtual 2 price(const std::string&) const -> shop::Price
  virtual 3 close() -> void
symbol shop::Shop::~Shop()
symbol shop::count(shop::Shop const&)
symbol typeinfo for shop::Shop
symbol vtable for shop::Shop
`,
  )
})

test('the surface does not depend on where it is made', () => {
  const elsewhere = join(folder, 'another/place')
  cpSync(fixture, elsewhere, { recursive: true })
  assert.equal(surfaceOf(undefined, elsewhere), original)
})

test('nothing is said of what did not change', () => {
  assert.equal(judge(unreleased(), { abi: 1, surface: original }), null)
  assert.equal(judge(released(), { abi: 1, surface: original }), null)
})

const breaking = {
  VIRTUAL_IN_THE_MIDDLE: ['changed: type shop::Shop', '-   virtual 3 close() -> void', '+   virtual 3 open() -> void', '+   virtual 4 close() -> void'],
  FIELD_ADDED: ['changed: type shop::Price', '- type shop::Price, 16 bytes', '+ type shop::Price, 48 bytes', '+   field 0 currency: std::string', '+   field 32 cents: long int'],
  FIELD_TYPE: ['changed: type shop::Price', '-   field 0 cents: long int', '+   field 0 cents: unsigned long int'],
  FIELDS_SWAPPED: ['changed: type shop::Price', '-   field 8 a: int', '+   field 8 b: int'],
  VALUE_ADDED: ['changed: enum shop::Colour', '-   value 1 blue', '+   value 1 green', '+   value 2 blue'],
  SYMBOL_REMOVED: ['gone: symbol shop::count(shop::Shop const&)'],
}
for (const [macro, lines] of Object.entries(breaking)) {
  test(`${macro} is told, and needs another module ABI once an SDK is released`, () => {
    const changed = surfaceOf(macro)
    const early = judge(unreleased(), { abi: 1, surface: changed })
    for (const line of lines) assert.ok(early.report.includes(line), `${line} in\n${early.report.join('\n')}`)
    assert.match(early.advice.join('\n'), /No SDK has been released yet.*run \.\/dev abi.*give the reason in the commit/)
    assert.equal(early.mustBump, false)

    const late = judge(released(), { abi: 1, surface: changed })
    assert.match(late.advice.join('\n'), /released SDK 0\.1\.0 would misread this host/)
    assert.match(late.advice.join('\n'), /kModuleAbi in core\/include\/core\/module\/module_abi\.h\nfrom 1 to 2/)
    assert.equal(late.mustBump, true)

    const bumped = judge(released(), { abi: 2, surface: changed })
    assert.equal(bumped.mustBump, false)
    assert.match(bumped.advice.join('\n'), /The module ABI is 2 already/)
  })
}

test('a virtual function at the end asks who implements the class', () => {
  const late = judge(released(), { abi: 1, surface: surfaceOf('VIRTUAL_AT_THE_END') })
  assert.deepEqual(late.report, ['new virtual functions at the end of: type shop::Shop', '+   virtual 4 open() -> void'])
  assert.match(late.advice.join('\n'), /If modules implement shop::Shop, .* from 1 to 2\. If only the host implements it, no number changes\./s)
  assert.equal(late.mustBump, false)
})

test('a new type needs no number', () => {
  const late = judge(released(), { abi: 1, surface: surfaceOf('TYPE_ADDED') })
  assert.equal(late.report[0], 'new: type shop::Receipt')
  assert.match(late.advice.join('\n'), /Modules built with the released SDK 0\.1\.0 still fit/)
})

test('a snapshot is read as it was written', () => {
  for (const snapshot of [unreleased(), released()]) assert.deepEqual(readSnapshot(writeSnapshot(snapshot)), snapshot)
  assert.throws(() => readSnapshot('something else'), /does not begin with its module ABI/)
})
