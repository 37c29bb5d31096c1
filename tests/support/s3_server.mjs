// An S3 server of the tests: FOLDER PORT KEY CERTIFICATE BUCKET…, with the one key pair of its environment
// (ACCESS_KEY_ID, SECRET_ACCESS_KEY). It serves TLS only: over plain HTTP it keeps restic's signed chunks as they come.
// It knows keys by their names and does not verify signatures.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(new URL('../../build/tools/storage/', import.meta.url))
const Account = require('s3rver/lib/models/account.js')
const S3rver = require('s3rver')

const [directory, port, key, cert, ...buckets] = process.argv.slice(2)
Account.registry.clear()
new Account(1, 'test').createKeyPair(process.env.ACCESS_KEY_ID, process.env.SECRET_ACCESS_KEY)
await new S3rver({
  address: '127.0.0.1',
  port: Number(port),
  key: readFileSync(key),
  cert: readFileSync(cert),
  silent: true,
  directory,
  configureBuckets: buckets.map((name) => ({ name })),
}).run()
