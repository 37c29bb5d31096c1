// What a module sees of the SDK in binary form, as text: virtual tables, layouts of types, exported symbols.
//
// libabigail reads it from the debug information of one small library that includes every public header; only names,
// numbers and types are kept of its XML, sorted, so that the text is the same on every machine with the same compiler.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

const run = (program, args) => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 256 << 20 })

function headersBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.h'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

/** abidw's XML of all types in the headers. */
function describeTypes({ compiler, includes, flags = [] }) {
  const folder = mkdtempSync(join(tmpdir(), 'ae-abi-'))
  try {
    const source = join(folder, 'headers.cpp')
    const library = join(folder, 'headers.so')
    const lines = includes.flatMap(headersBelow).sort().map((header) => `#include "${header}"`)
    // Without any symbol of its own abidw takes it for no library.
    writeFileSync(source, [...lines, 'extern "C" __attribute__((visibility("default"))) int headers() { return 0; }', ''].join('\n'))
    // GCC leaves out what this file does not use, and classes whose virtual table is elsewhere, unless it is told.
    const whole = ['-g', '-femit-class-debug-always', '-fno-eliminate-unused-debug-types', '-fno-eliminate-unused-debug-symbols']
    run(compiler, ['-std=c++20', '-shared', '-fPIC', ...whole, ...flags, ...includes.flatMap((dir) => ['-I', dir]), source, '-o', library])
    return run('abidw', ['--load-all-types', '--no-show-locs', '--no-corpus-path', '--no-comp-dir-path', library])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const entities = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const plain = (text) => text.replace(/&(\w+);/g, (_, name) => entities[name])

/** A tree of { tag, children, … attributes }; abidw writes one tag a line. */
function parse(xml) {
  const root = { tag: 'root', children: [] }
  const open = [root]
  for (const [, closing, tag, attributes, alone] of xml.matchAll(/<(\/?)([\w-]+)((?:\s+[\w-]+='[^']*')*)\s*(\/?)>/g)) {
    if (closing) {
      open.pop()
      continue
    }
    const node = { tag, children: [] }
    for (const [, key, value] of attributes.matchAll(/([\w-]+)='([^']*)'/g)) node[key] = plain(value)
    open.at(-1).children.push(node)
    if (!alone) open.push(node)
  }
  return root
}

const shorter = [
  [/std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> ?>/g, 'std::string'],
  [/std::basic_string_view<char, std::char_traits<char> ?>/g, 'std::string_view'],
  [/std::__cxx11::/g, 'std::'],
  [/, std::allocator<[^<>]*(?:<[^<>]*(?:<[^<>]*>[^<>]*)*>[^<>]*)*> ?(?=>)/g, ''],
  [/ +>/g, '>'],
]
const short = (name) => shorter.reduce((text, [from, to]) => text.replace(from, to), name)

const namespaces = (tree) => {
  const found = []
  const walk = (node, scope) => {
    for (const child of node.children) {
      const name = child.name && scope ? `${scope}::${child.name}` : (child.name ?? scope)
      child.scoped = name
      found.push(child)
      const holds = ['namespace-decl', 'class-decl', 'union-decl', 'member-type'].includes(child.tag)
      walk(child, child.tag === 'member-type' ? scope : holds ? name : '')
      if (child.tag === 'abi-instr') walk(child, '')
    }
  }
  walk(tree, '')
  return found
}

function typeNames(nodes, wanted) {
  const byId = new Map(nodes.filter((node) => node.id).map((node) => [node.id, node]))
  const nameOf = (id) => {
    const node = byId.get(id)
    if (!node) return 'void'
    switch (node.tag) {
      case 'pointer-type-def':
        return `${nameOf(node['type-id'])}*`
      case 'reference-type-def':
        return `${nameOf(node['type-id'])}${node.kind === 'rvalue' ? '&&' : '&'}`
      case 'qualified-type-def':
        return `${node.const === 'yes' ? 'const ' : ''}${node.volatile === 'yes' ? 'volatile ' : ''}${nameOf(node['type-id'])}`
      case 'typedef-decl':
        // libabigail takes all aliases of one name for one, whatever their template arguments: it does not know of what.
        if (node.scoped === 'std::chrono::sys_time' || wanted.test(node.scoped)) return node.scoped
        return nameOf(node['type-id'])
      case 'array-type-def':
        return `${nameOf(node['type-id'])}[${node.children.map((range) => range.length).join('][')}]`
      case 'function-type': {
        const result = node.children.find((child) => child.tag === 'return')
        const parameters = node.children.filter((child) => child.tag === 'parameter')
        return `${nameOf(result?.['type-id'])} (${parameters.map((one) => nameOf(one['type-id'])).join(', ')})`
      }
      default:
        return short(node.scoped ?? node.name ?? node.tag)
    }
  }
  return nameOf
}

const bytes = (bits) => (bits % 8 ? `${Math.floor(bits / 8)}.${bits % 8}` : `${bits / 8}`)

function signature(method, nameOf) {
  const decl = method.children.find((child) => child.tag === 'function-decl')
  const parameters = decl.children.filter((child) => child.tag === 'parameter' && child['is-artificial'] !== 'yes')
  const result = decl.children.find((child) => child.tag === 'return')
  const list = parameters.map((one) => (one['is-variadic'] ? '...' : nameOf(one['type-id']))).join(', ')
  return `${decl.name}(${list})${method.const === 'yes' ? ' const' : ''} -> ${nameOf(result?.['type-id'])}`
}

function describe(node, nameOf) {
  const lines = []
  for (const child of node.children) {
    if (child.tag === 'base-class') {
      const virtual = child['is-virtual'] === 'yes' ? 'virtual ' : ''
      lines.push(`  base ${bytes(child['layout-offset-in-bits'])} ${virtual}${nameOf(child['type-id'])}`)
    } else if (child.tag === 'data-member' && child['layout-offset-in-bits'] !== undefined && child.static !== 'yes') {
      const member = child.children[0]
      lines.push(`  field ${bytes(child['layout-offset-in-bits'])} ${member.name}: ${nameOf(member['type-id'])}`)
    }
  }
  const virtuals = node.children.filter((child) => child.tag === 'member-function' && child['vtable-offset'] !== undefined)
  const slots = new Set()
  for (const method of virtuals.sort((a, b) => a['vtable-offset'] - b['vtable-offset'])) {
    slots.add(
      method.destructor === 'yes' ? '  virtual destructor' : `  virtual ${method['vtable-offset']} ${signature(method, nameOf)}`,
    )
  }
  return [...lines, ...slots]
}

/** Types of the SDK, each as its heading with the lines of its layout. */
function types(nodes, wanted) {
  const nameOf = typeNames(nodes, wanted)
  const found = new Map()
  for (const node of nodes) {
    const name = short(node.scoped ?? '')
    const belongs = wanted.test(name) && !/<lambda|__anonymous|\{/.test(name)
    if (!belongs || node['is-declaration-only'] === 'yes') continue
    if (node.tag === 'enum-decl') {
      const values = node.children.filter((child) => child.tag === 'enumerator').map((child) => `  value ${child.value} ${child.name}`)
      const size = node.children.find((child) => child.tag === 'underlying-type')
      found.set(`enum ${name}: ${nameOf(size?.['type-id']).replace(/^unnamed-enum-underlying-type-/, '')}`, values)
    } else if (node.tag === 'typedef-decl') {
      found.set(`alias ${name} = ${nameOf(node['type-id'])}`, [])
    } else if (node.tag === 'class-decl' || node.tag === 'union-decl') {
      found.set(`type ${name}, ${bytes(node['size-in-bits'] ?? 0)} bytes`, describe(node, nameOf))
    }
  }
  return found
}

/** What of the library's own definitions a header declares; not what every user of a header defines again. */
function symbols(library, { wanted, nodes, headerWords }) {
  const scopes = new Map(nodes.filter((node) => node.scoped).map((node) => [short(node.scoped), node.tag]))
  const declared = (name) => {
    const path = name.replace(/^(vtable|typeinfo|VTT) for /, '').replace(/\(.*/, '').replace(/\[abi:\w+\]/, '')
    if (!wanted.test(path)) return false
    if (path !== name.replace(/\(.*/, '').replace(/\[abi:\w+\]/, '')) return scopes.has(path)
    const parts = /^(.*)::([^:]+)$/.exec(path)
    const tag = parts && scopes.get(parts[1])
    return tag === 'namespace-decl' ? headerWords.has(parts[2]) : tag !== undefined
  }
  return run('nm', ['--dynamic', '--defined-only', '--demangle', library])
    .split('\n')
    .map((line) => /^\S+ ([A-Z]) (.*)$/.exec(line))
    // V: virtual tables and type descriptions, which GCC also makes weak where the library alone has them.
    .filter((match) => match && 'TDBRV'.includes(match[1]) && declared(short(match[2])))
    .map((match) => `symbol ${short(match[2])}`)
}

/**
 * The whole surface as text. `includes` are folders of public headers, `wanted` says which qualified names are of the SDK.
 * Throws what the compiler or abidw said.
 */
export function surface({ compiler, library, includes, wanted, flags }) {
  const nodes = namespaces(parse(describeTypes({ compiler, includes, flags })))
  const words = includes.flatMap((folder) => headersBelow(folder).flatMap((header) => readFileSync(join(folder, header), 'utf8').match(/\w+/g)))
  const blocks = [...types(nodes, wanted)].map(([heading, lines]) => [heading, ...lines].join('\n')).sort()
  const exported = new Set(symbols(library, { wanted, nodes, headerWords: new Set(words) }).sort())
  return [...new Set(blocks), ...exported].join('\n') + '\n'
}
