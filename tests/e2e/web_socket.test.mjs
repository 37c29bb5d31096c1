// WebSockets of the real host with two clients that share nothing with it: Chromium's and Node's.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { createServer } from 'node:http'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { System } from '../support/system.mjs'

const build = process.env.AE_BUILD_DIR ?? 'build'
let system
let browser
let page
let modules
let address

before(async () => {
  modules = mkdtempSync(join(tmpdir(), 'ae-modules-'))
  copyFileSync(join(build, 'tests/modules/gamma.so'), join(modules, 'gamma.so'))
  const { abi } = JSON.parse(readFileSync(join(build, 'lib/ae-backend/modules/base.json'), 'utf8'))
  writeFileSync(join(modules, 'gamma.json'), JSON.stringify({ id: 'gamma', version: '1.0.0', abi, dependencies: {} }))
  for (const file of ['gamma.so', 'gamma.json']) chmodSync(join(modules, file), 0o644)
  process.env.AE_MODULE_PATH = modules
  system = await System.start()
  address = `${system.url.replace('http', 'ws')}/api/v1/gamma/echo`
  browser = await launchBrowser()
  page = await browser.newPage()
})

after(async () => {
  await browser?.close()
  await system?.stop()
  rmSync(modules, { recursive: true, force: true })
})

/** In the page, or here: what comes back for what is sent, and how it ends. */
async function talk([url, protocols, texts]) {
  const socket = new WebSocket(url, protocols)
  socket.binaryType = 'arraybuffer'
  const heard = []
  const waiting = []
  const next = () => new Promise((resolve) => (heard.length > 0 ? resolve(heard.shift()) : waiting.push(resolve)))
  socket.onmessage = ({ data }) => (waiting.length > 0 ? waiting.shift()(data) : heard.push(data))
  const closed = new Promise((resolve) => (socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })))
  await new Promise((resolve) => {
    socket.onopen = resolve
    socket.onerror = resolve
  })
  if (socket.readyState !== WebSocket.OPEN) return { opened: false, ...(await closed) }
  const echoed = []
  for (const text of texts) {
    socket.send(text)
    echoed.push((await next()) === text)
  }
  socket.send(new Uint8Array([0, 255, 128]))
  echoed.push([...new Uint8Array(await next())].join())
  socket.send('close')
  return { opened: true, protocol: socket.protocol, echoed, ...(await closed) }
}

const texts = ['hello', '', 'grüße €', 'x'.repeat(130), 'y'.repeat(70000), 'z'.repeat(199999)]
const expected = {
  opened: true,
  protocol: 'echo',
  echoed: [true, true, true, true, true, true, '0,255,128'],
  code: 4000,
  reason: 'as you wish',
  wasClean: true,
}

test("a page of the host, within the policy that it came with", async () => {
  await page.goto(system.url)
  assert.deepEqual(await page.evaluate(talk, [address, ['chat', 'echo'], texts]), expected)
})

test('what is larger than the route takes ends it, and says why', async () => {
  const end = await page.evaluate(async (url) => {
    const socket = new WebSocket(url)
    await new Promise((resolve) => (socket.onopen = resolve))
    socket.send('x'.repeat(200001))
    return new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code)))
  }, address)
  assert.equal(end, 1009)
})

test('a page of another site is refused', async () => {
  const other = createServer((_, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  try {
    await page.goto(`http://127.0.0.1:${other.address().port}/`)
    const answer = await page.evaluate(talk, [address, ['echo'], texts])
    assert.equal(answer.opened, false)
    assert.equal(answer.code, 1006)
  } finally {
    other.close()
  }
})

test('Node', async () => {
  assert.deepEqual(await talk([address, ['chat', 'echo'], texts]), expected)
})
