import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { differences, secretsInFiles, secretsOf } from './proofs.mjs'

const folder = mkdtempSync(join(tmpdir(), 'ae-proofs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('secrets of a body are found in files, but where they belong', () => {
  const secrets = secretsOf({ config: { secret_access_key: 'canary "1"' }, password: 'short', name: 'a name of it' })
  assert.deepEqual([...secrets], ['canary "1"'])
  mkdirSync(join(folder, 'data/deep'), { recursive: true })
  writeFileSync(join(folder, 'data/deep/db'), 'x canary "1" x')
  writeFileSync(join(folder, 'data/json'), JSON.stringify('canary "1"'))
  writeFileSync(join(folder, 'data/identity.json'), 'canary "1"')
  writeFileSync(join(folder, 'a.log'), 'canary "1"')
  const found = secretsInFiles(secrets, [join(folder, 'data'), join(folder, 'a.log'), join(folder, 'none')])
  assert.deepEqual(found.map((one) => one.slice(one.lastIndexOf('/') + 1)).sort(), ['a.log', 'db', 'json'])
})

test('what restic has and nobody tells of is found, and the other way round, and a lock', () => {
  const repository = { folder: join(folder, 'repository'), password: 'a password' }
  assert.deepEqual(differences(repository, []), [], 'there is none yet')
  const restic = (...args) => execFileSync('restic', args, { encoding: 'utf8', env: { ...process.env, RESTIC_REPOSITORY: repository.folder, RESTIC_PASSWORD: repository.password } })
  restic('init')
  restic('backup', join(folder, 'data'))
  const [{ id }] = JSON.parse(restic('snapshots', '--json'))
  assert.deepEqual(differences(repository, [id.slice(0, 8)]), [])
  writeFileSync(join(repository.folder, 'locks', 'a'.repeat(64)), '')
  assert.equal(differences(repository, ['0'.repeat(64)]).length, 3)
  assert.equal(differences(repository, [], { snapshots: 'why', locks: 'why' }).length, 0)
})
