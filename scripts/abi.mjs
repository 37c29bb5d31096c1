// abi.mjs check|update|release --library FILE --compiler PROGRAM: compares the SDK's binary surface with abi/sdk.abi, or
// records it there. Exit code 1: it differs, or may not be recorded as it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { judge, readSnapshot, writeSnapshot } from './abi/compare.mjs'
import { surface } from './abi/surface.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const file = join(root, 'abi/sdk.abi')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { library: { type: 'string' }, compiler: { type: 'string', default: 'g++' } },
})
const action = positionals[0]
if (!['check', 'update', 'release'].includes(action) || !values.library) {
  console.error('usage: abi.mjs check|update|release --library FILE [--compiler PROGRAM]')
  process.exit(2)
}

const find = (path, pattern) => pattern.exec(readFileSync(join(root, path), 'utf8'))[1]
const now = {
  abi: Number(find('core/include/core/module/module_abi.h', /kModuleAbi = (\d+)/)),
  // What cmake --install takes into the component sdk.
  surface: surface({
    compiler: values.compiler,
    library: values.library,
    includes: ['core', 'modules/base', 'modules/restic'].map((part) => join(root, part, 'include')),
    wanted: /^(core|base|restic)::|^core_module_/,
  }),
}
const recorded = existsSync(file) ? readSnapshot(readFileSync(file, 'utf8')) : { abi: 0, released: null, surface: '' }
const verdict = judge(recorded, now)

if (verdict && recorded.surface) {
  if (action === 'check') console.error('What modules see of the SDK is not what abi/sdk.abi records.\n')
  console.error([...verdict.report, '', ...(action === 'check' || verdict.mustBump ? verdict.advice : [])].join('\n'))
}
if (action === 'check' || verdict?.mustBump) process.exit(verdict ? 1 : 0)

const released = action === 'release' ? { version: find('CMakeLists.txt', /VERSION (\d+\.\d+\.\d+)/), abi: now.abi } : recorded.released
writeFileSync(file, writeSnapshot({ ...now, released }))
console.log(verdict ? 'abi/sdk.abi is written; commit it with the reason for the change.' : 'abi/sdk.abi is up to date.')
