// Google Cloud Storage for tests: PORT KEY CERTIFICATE ACCOUNT-PUBLIC-KEY BUCKET…. What restic asks of it, in memory: buckets and
// objects of the JSON API, reading of the XML API, and the tokens of one service account, whose signature is verified. restic
// dials Google's own names, so PORT is an HTTP proxy that ends every connection here.
import { createHash, createVerify, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:https'

const [port, key, cert, account, ...names] = process.argv.slice(2)
const accountKey = readFileSync(account)
const buckets = new Map(names.map((name) => [name, new Map()]))
const tokens = new Set()

const answer = (response, status, body, headers = {}) => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
}
const refuse = (response, code, message) => answer(response, code, { error: { code, message, errors: [{ message, reason: 'test' }] } })
const crc32c = (data) => {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  const out = Buffer.alloc(4)
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
  return out.toString('base64')
}
const described = (bucket, name, { data, crc, generation, at }) => ({
  kind: 'storage#object', bucket, name, size: String(data.length), generation, metageneration: '1', crc32c: crc,
  md5Hash: createHash('md5').update(data).digest('base64'), updated: at, timeCreated: at, contentType: 'application/octet-stream',
})

function grant(response, body) {
  const [header, claims, signature] = (new URLSearchParams(body.toString()).get('assertion') ?? '').split('.')
  const genuine = signature && createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(accountKey, signature, 'base64url')
  if (!genuine) return answer(response, 400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' })
  const token = randomUUID()
  tokens.add(token)
  answer(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 3600 })
}
function store(response, url, request, body, bucket, objects) {
  const boundary = /boundary="?([^";]+)"?/.exec(request.headers['content-type'] ?? '')?.[1]
  if (!boundary) return refuse(response, 400, 'only multipart uploads')
  const text = body.toString('latin1')
  const [, about, content] = text.split(`--${boundary}`)
  const inside = (part) => part.slice(part.indexOf('\r\n\r\n') + 4, part.lastIndexOf('\r\n'))
  const data = Buffer.from(inside(content), 'latin1')
  const name = url.searchParams.get('name') ?? JSON.parse(inside(about)).name
  const object = { data, crc: crc32c(data), generation: String(Date.now()), at: new Date().toISOString() }
  objects.set(name, object)
  answer(response, 200, described(bucket, name, object))
}
function list(response, url, bucket, objects) {
  const prefix = url.searchParams.get('prefix') ?? ''
  const delimiter = url.searchParams.get('delimiter')
  const items = []
  const prefixes = new Set()
  for (const [name, object] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(prefix)) continue
    const end = delimiter ? name.indexOf(delimiter, prefix.length) : -1
    if (end < 0) items.push(described(bucket, name, object))
    else prefixes.add(name.slice(0, end + 1))
  }
  answer(response, 200, { kind: 'storage#objects', items, prefixes: [...prefixes] })
}
function read(response, request, { data, crc, generation }) {
  const headers = { 'Content-Type': 'application/octet-stream', 'X-Goog-Hash': `crc32c=${crc}`, 'X-Goog-Generation': generation, 'X-Goog-Metageneration': '1' }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range) return answer(response, 200, data, headers)
  const from = Number(range[1])
  if (from >= data.length) return answer(response, 416, '', headers)
  const to = range[2] ? Math.min(Number(range[2]), data.length - 1) : data.length - 1
  answer(response, 206, data.subarray(from, to + 1), { ...headers, 'Content-Range': `bytes ${from}-${to}/${data.length}` })
}

function serve(request, response, body) {
  const url = new URL(request.url, 'https://storage.googleapis.com')
  if (url.pathname === '/token') return grant(response, body)
  if (!tokens.has((request.headers.authorization ?? '').replace('Bearer ', ''))) return refuse(response, 401, 'Invalid Credentials')
  if (url.pathname === '/storage/v1/b' && request.method === 'POST') {
    const { name } = JSON.parse(body)
    buckets.set(name, new Map())
    return answer(response, 200, { kind: 'storage#bucket', name })
  }
  const json = /^(?:\/upload)?\/storage\/v1\/b\/([^/]+)(\/o(?:\/(.*))?)?$/.exec(url.pathname)
  const xml = json ? null : /^\/([^/]+)\/(.+)$/.exec(url.pathname)
  const bucket = decodeURIComponent((json ?? xml)?.[1] ?? '')
  const objects = buckets.get(bucket)
  if (!objects) return refuse(response, 404, 'The specified bucket does not exist.')
  const name = decodeURIComponent(json ? (json[3] ?? '') : xml[2])
  if (json && !json[2]) return answer(response, 200, { kind: 'storage#bucket', name: bucket })
  if (!name) return request.method === 'POST' ? store(response, url, request, body, bucket, objects) : list(response, url, bucket, objects)
  const object = objects.get(name)
  if (!object) return refuse(response, 404, `No such object: ${bucket}/${name}`)
  if (request.method === 'DELETE') {
    objects.delete(name)
    return response.writeHead(204).end()
  }
  if (xml || url.searchParams.get('alt') === 'media') return read(response, request, object)
  answer(response, 200, described(bucket, name, object))
}

const storage = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part)).on('end', () => serve(request, response, Buffer.concat(parts)))
})
createProxy()
  .on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    storage.emit('connection', socket)
  })
  .listen(Number(port), '127.0.0.1')
