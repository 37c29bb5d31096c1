// People as they meet the page: the tenant that they work in, tabs, invitations, their own password.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launchBrowser } from '../support/browser.mjs'
import { System } from '../support/system.mjs'

let system
let browser
let context
let page
let second

const backend = (...args) =>
  execFileSync(join(process.env.AE_BUILD_DIR ?? 'build', 'bin', 'ae-backend'), [...args, ...system.options], { encoding: 'utf8' })
const newContext = () => browser.newContext({ locale: 'en-US', viewport: { width: 1200, height: 800 } })
const tenant = (where) => where.locator('[data-test=tenant]')

async function signIn(where, email, password) {
  await where.fill('#email', email)
  await where.fill('#password', password)
  await where.click('form button')
}

before(async () => {
  system = await System.start()
  backend('tenant', 'create', '--name', 'second')
  second = JSON.parse(backend('--json', 'token', 'create', '--name', 'of second', '--role', 'admin', '--tenant', 'second')).token
  browser = await launchBrowser()
  context = await newContext()
  page = await context.newPage()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('the active tenant is on the page', async () => {
  await page.goto(system.url)
  await signIn(page, system.email, system.password)
  await tenant(page).waitFor()
  assert.equal((await tenant(page).textContent()).trim(), 'default')
})

test('many tabs opened at once stay signed in', async () => {
  const tabs = await Promise.all(Array.from({ length: 6 }, () => context.newPage()))
  for (let round = 0; round < 2; ++round) {
    await Promise.all(tabs.map((tab) => tab.goto(system.url)))
    await Promise.all(tabs.map((tab) => tenant(tab).waitFor()))
  }
  await Promise.all(tabs.map((tab) => tab.close()))
  await page.reload()
  await tenant(page).waitFor()
})

test('a person is invited, and sets their own password', async () => {
  await page.goto(`${system.url}/users`)
  await page.fill('[data-test=invite] input', 'ada@example.com')
  await page.click('[data-test=invite] button')
  const link = (await page.locator('[data-test=link]').textContent()).trim()
  await page.locator('[data-test=invitations]', { hasText: 'ada@example.com' }).waitFor()
  const theirs = await (await newContext()).newPage()
  await theirs.goto(link)
  const offer = await theirs.locator('[data-test=offer]').textContent()
  assert.match(offer, /ada@example\.com.*default.*viewer/)
  await theirs.fill('#password', 'a password of ada')
  await theirs.click('form button')
  await tenant(theirs).waitFor()
  assert.equal(await theirs.locator('nav a', { hasText: 'Users' }).count(), 0, 'a viewer manages nobody')
  await theirs.goto(link)
  await theirs.getByRole('alert').waitFor()
  await theirs.context().close()
})

test('an account that exists accepts while signed in, and switches by its own choice', async () => {
  const response = await fetch(`${system.url}/api/v1/users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${second}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: system.email, role: 'viewer' }),
  })
  assert.equal(response.status, 201)
  const { invitation } = await response.json()
  await page.goto(`${system.url}/users`)
  assert.equal(await page.locator('select[data-test=tenant]').count(), 0, 'an invitation changes nothing')
  // Signed out, the way leads over the sign-in and back.
  const other = await (await newContext()).newPage()
  await other.goto(`${system.url}/invitation#${invitation.token}`)
  await other.click('[data-test=sign-in]')
  await signIn(other, system.email, system.password)
  await other.click('[data-test=join]')
  await other.locator('select[data-test=tenant]').waitFor()
  const chosen = () => other.locator('select[data-test=tenant] option:checked').textContent()
  assert.equal(await chosen(), 'second')
  await other.selectOption('select[data-test=tenant]', { label: 'default' })
  await other.locator('nav a', { hasText: 'Users' }).waitFor() // an administrator there
  assert.equal(await chosen(), 'default')
  await other.context().close()
})

test('the password is changed on the page', async () => {
  await page.goto(system.url)
  await page.click('[data-test=account]')
  await page.fill('#current', system.password)
  await page.fill('#wanted', 'a password of my own')
  await page.fill('#again', 'a password of my own')
  await page.click('[data-test=password] button')
  await page.locator('[data-test=password] [role=status]').waitFor()
  assert.equal(existsSync(join(system.folder, 'host/initial-admin.json')), false, 'the first one does not stay in a file')
  await page.locator('nav button', { hasText: 'Sign out' }).click()
  await page.locator('#email').waitFor()
  await signIn(page, system.email, 'a password of my own')
  await tenant(page).waitFor()
})
