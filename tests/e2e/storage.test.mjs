// A repository on S3 from its form to its size, as a person meets it; and a form whose key comes from a file.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { counted } from '../support/journey.mjs'
import { freePort, System, until } from '../support/system.mjs'

const PASSWORD = 'correct horse battery'
const KEY_ID = 'KEYOFTHEPAGE'
const SECRET = 'canary-of-the-page'
const BUCKET = 'of-the-page'
let system
let server
let endpoint
let browser
let page
let source
const problems = []
const picture = (where, name) => (process.env.AE_SCREENSHOTS ? where.screenshot({ path: join(process.env.AE_SCREENSHOTS, `${name}.png`), fullPage: true }) : undefined)

before(async () => {
  system = await System.start()
  system.secrets.add(SECRET)
  system.secrets.add(PASSWORD)
  const folder = join(system.folder, 's3')
  mkdirSync(join(folder, 'data'), { recursive: true })
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const port = await freePort()
  endpoint = `https://127.0.0.1:${port}`
  server = spawn(process.execPath, [join(import.meta.dirname, '../support/s3_server.mjs'), join(folder, 'data'), String(port), key, certificate, BUCKET], {
    stdio: 'ignore',
    env: { ...process.env, ACCESS_KEY_ID: KEY_ID, SECRET_ACCESS_KEY: SECRET },
  })
  await system.startAgent({ SSL_CERT_FILE: certificate })
  source = system.makeFiles(2, 300000)
  browser = await launchBrowser()
  page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, colorScheme: 'light' })).newPage()
  page.on('pageerror', (error) => problems.push(error.message))
  await page.goto(system.url)
  await page.fill('#email', system.email)
  await page.fill('#password', system.password)
  await page.click('form button')
  await page.waitForSelector('[data-test=summary]')
})

after(async () => {
  await browser?.close()
  server?.kill('SIGKILL')
  await system?.stop()
})

test('an S3 repository with a wrong key is corrected, backed up to and measured', async (t) => {
  try {
    await page.goto(`${system.url}/repositories/new`)
    await page.fill('[data-test=name]', 'offsite')
    await page.selectOption('[data-test=kind]', 's3')
    await page.fill('[data-field="/config/endpoint"] input', endpoint)
    await page.fill('[data-field="/config/bucket"] input', BUCKET)
    await page.fill('[data-field="/config/access_key_id"] input', 'NOSUCHKEY')
    await page.fill('[data-field="/config/secret_access_key"] input', SECRET)
    await page.fill('[data-test=password]', PASSWORD)
    await page.click('[data-test=test]')
    const said = page.locator('[data-test=tested] [data-test=outcome]')
    await said.filter({ hasText: /^It failed: / }).waitFor({ timeout: 60000 })
    await page.locator('[data-test=tested] [data-test=hint]').filter({ hasText: /key/i }).waitFor()
    await picture(page, 's3-wrong-key')
    await page.fill('[data-field="/config/access_key_id"] input', KEY_ID)
    await page.click('[data-test=test]')
    await said.filter({ hasText: /^The storage answers that there is nothing at this place/ }).waitFor({ timeout: 60000 })
    await page.click('[data-test=add]')
    await page.waitForURL(/repositories\/[0-9a-f-]{36}$/)
    const repository = page.url().split('/').at(-1)

    await page.goto(`${system.url}/policies/new`)
    await page.fill('#name', 'nightly')
    await page.check('input[type=checkbox] >> nth=0')
    await page.fill('#paths', source)
    await page.selectOption('#repository', repository)
    await page.click('form button[type=submit], form button.btn-primary')
    await page.click('[data-policy=nightly] >> text=Back up now')
    await page.waitForSelector('[data-state=success]', { timeout: 90000 })

    await page.goto(`${system.url}/repositories/${repository}`)
    await page.waitForSelector('[data-test=sizes] >> text=has not been counted yet')
    await page.click('[data-start=stats]')
    const sentence = page.locator('[data-test=sizes-sentence]')
    await sentence.filter({ hasText: /It takes up \d+(\.\d+)? KiB\./ }).waitFor({ timeout: 60000 })
    const [{ size_bytes: size }] = (await system.call('GET', `/restic/repositories/${repository}/sizes`)).items
    assert.ok(size >= 600000 && size < 700000, `600,000 bytes that nothing makes smaller, and not ${size}`)
    await picture(page, 's3-size')
    await page.waitForSelector('[data-test=users] >> text=nightly')
    await page.waitForSelector('[data-test=snapshots] td >> text=web-01')
    await page.goto(`${system.url}/repositories`)
    await page.waitForSelector('td >> text=KiB')
    await picture(page, 'repositories-list')
    assert.deepEqual(problems, [])
  } catch (error) {
    await page.screenshot({ path: join(process.env.AE_BUILD_DIR ?? 'build', 'e2e-failure.png'), fullPage: true }).catch(() => undefined)
    t.diagnostic(system.logs())
    throw error
  }
})

test('sizes of many days are a line with a sentence', async () => {
  const { id } = (await system.call('GET', '/restic/repositories')).items[0]
  const day = 24 * 60 * 60 * 1000
  const sizes = Array.from({ length: 60 }, (_, index) => ({ counted_at: new Date(Date.now() - (59 - index) * day).toISOString(), size_bytes: 2 ** 30 + index * 2 ** 24 }))
  await page.route(`**/repositories/${id}/sizes`, (route) => route.fulfill({ json: { items: sizes } }))
  await page.goto(`${system.url}/repositories/${id}`)
  await page.locator('[data-test=sizes-sentence]').filter({ hasText: /It takes up 1\.9\d* GiB\. 480(\.0)? MiB more than 30 days before\./ }).waitFor()
  assert.equal((await page.getAttribute('[data-test=sizes] polyline', 'points')).split(' ').length, 60)
  await page.click('[data-test=sizes] summary')
  await counted(page.locator('[data-test=sizes] tbody tr'), 60)
  await picture(page, 'repository-sizes')
  await page.unrouteAll()
  assert.deepEqual(problems, [])
})

test('an SSH key is read from its file', async () => {
  const file = join(system.folder, 'id_ed25519')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'of a test', '-f', file])
  await page.goto(`${system.url}/repositories/new`)
  await page.selectOption('[data-test=kind]', 'sftp')
  await page.setInputFiles('[data-field="/config/key"] input[type=file]', file)
  await until('the key', async () => (await page.inputValue('[data-field="/config/key"] textarea')).startsWith('-----BEGIN OPENSSH PRIVATE KEY-----\n'))
  writeFileSync(file, Buffer.from([0x30, 0x82, 0x00, 0xff]))
  await page.setInputFiles('[data-field="/config/key"] input[type=file]', file)
  await page.waitForSelector('[data-field="/config/key"] [role=alert]')
  await picture(page, 'repository-new-sftp')
  assert.deepEqual(problems, [])
})

test('a repository that a policy uses cannot be removed; another one goes once its name is typed', async () => {
  const { id } = (await system.call('GET', '/restic/repositories')).items.find((one) => one.name === 'offsite')
  const ask = async (name) => {
    await page.click('[data-test=remove] button')
    await page.fill('[data-test=confirm-name]', name)
    await page.click('[data-test=confirm]')
  }
  await page.goto(`${system.url}/repositories/${id}`)
  await ask('offsite')
  await page.waitForSelector('dialog [role=alert] >> text=nightly')
  await picture(page, 'repository-removal')
  await page.click('[data-test=cancel]')
  const other = await system.call('POST', '/restic/repositories', { name: 'unused', type: 's3', config: { endpoint, bucket: BUCKET, path: 'unused' }, password: PASSWORD })
  await page.goto(`${system.url}/repositories/${other.id}`)
  await page.waitForSelector('[data-test=users] >> text=No policy saves here.')
  await ask('unused')
  await page.waitForURL(/repositories$/)
  await page.waitForSelector('td >> text=offsite')
  assert.equal(await page.locator('td >> text=unused').count(), 0)
  assert.deepEqual(problems, [])
})
