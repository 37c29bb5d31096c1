// Whether what is promised is so, as a person reads it: from the sentence over the proof to the report that is kept.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, counted, journey, overflow, picture } from '../support/journey.mjs'
import { farMaintenance, farSchedule, System, until } from '../support/system.mjs'

const PASSWORD = 'correct horse battery'
const MONTH = new Date().toISOString().slice(0, 7)
let system
let browser
let page
let agent
let repository
const problems = []
const step = journey(() => page, () => system)

async function signedIn(email, password, options) {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', viewport: { width: 1280, height: 800 }, colorScheme: 'light', ...options })
  const made = await context.newPage()
  made.on('pageerror', (error) => problems.push(error.message))
  await made.goto(system.url)
  await made.fill('#email', email)
  await made.fill('#password', password)
  await made.click('form button')
  await made.waitForSelector('[data-test=summary]')
  return made
}
async function promise(name, sources) {
  const { id } = await system.call('POST', '/restic/policies', {
    name, schedule: farSchedule(), include_paths: sources, repository_id: repository, retention_rules: { keep_daily: 7 },
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${id}`)
  return id
}
/** Backs up, and answers the task once it has ended so. */
async function backUp(policy, status) {
  const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy })
  await until('the end of the backup', async () => (await system.call('GET', `/restic/tasks/${id}`)).status === status, 60)
  return id
}
const targetOf = async (policy) => (await system.call('GET', '/restic/status')).find((one) => one.policy_id === policy)
/** What the browser saves when that is pressed. */
async function saved(button) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(button)])
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') }
}

let good
let bad
let failedTask

before(async () => {
  process.env.AE_RESTIC_POLICIES_EVALUATION_INTERVAL = '1s'
  system = await System.start()
  browser = await launchBrowser()
  page = await signedIn(system.email, system.password)
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('nothing is promised before there is a target', step(async () => {
  await page.click('[data-group=trust] >> text=Compliance')
  await page.locator('main >> text=Nothing is promised yet.').waitFor()
  await accessible(page)
  await picture(page, 'compliance-empty')
}))

test('what is promised is so after a backup, and the page says it in a sentence', step(async () => {
  agent = await system.startAgent()
  const source = system.makeFiles(3, 4096)
  repository = (await system.call('POST', '/restic/repositories', { name: 'main', type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: PASSWORD, maintenance: farMaintenance() })).id
  good = await promise('nightly', [source])
  await backUp(good, 'success')
  await page.reload()
  await page.waitForSelector('h1:has-text("The only target has what is promised.")')
  assert.equal(await page.locator('[data-test=violation]').count(), 0)
}))

test('a backup that failed is missing there, by its target and with why, and its day is not kept', step(async () => {
  const lost = join(system.folder, 'lost')
  bad = await promise('databases', [lost])
  failedTask = await backUp(bad, 'failed')
  const { id } = await targetOf(bad)
  await until('the day', async () => (await system.call('GET', `/restic/compliance/days?target_id=${id}`)).items[0]?.days.some((day) => !day.compliant))
  await page.reload()
  await page.waitForSelector('h1:has-text("One of 2 does not have what is promised.")')
  const row = page.locator('[data-test=violation]')
  await counted(row, 1)
  assert.match(await row.textContent(), /Warning|Critical/)
  assert.match(await row.textContent(), /Backup failed/)
  assert.match(await row.textContent(), /first seen/)
  const days = page.locator(`[data-days-of="${id}"] [data-day]`)
  await days.first().waitFor({ state: 'attached' })
  await counted(days, 30)
  assert.equal(await days.last().getAttribute('data-day'), 'failed')
  assert.match(await days.last().getAttribute('title'), /not kept \(Backup failed\)/)
  assert.match(await page.locator(`[data-days-of="${id}"] figcaption`).textContent(), /not kept on one/)
  await accessible(page)
  await picture(page, 'compliance-light')
}))

test('a year is drawn as weeks', step(async () => {
  const { id } = await targetOf(good)
  for (const span of ['90', '365']) {
    await page.selectOption('[data-test=span]', span)
    await until('that many days', async () => (await page.locator(`[data-days-of="${id}"] [data-day]`).count()) === Number(span))
    await accessible(page)
    await picture(page, `compliance-${span}`)
  }
}))

test('the table and the report of a month are saved, in the language of the page', step(async () => {
  const table = await saved('[data-test=csv]')
  assert.equal(table.name, 'compliance.csv')
  assert.match(table.text, /^target,policy,compliant,/)
  assert.match(table.text, /,databases,false,backup_failed,/)
  assert.equal(await page.inputValue('[data-test=month]'), MONTH)
  const report = await saved('[data-test=save-report]')
  assert.equal(report.name, `compliance-${MONTH}.html`)
  assert.match(report.text, /<html lang="en">/)
  assert.match(report.text, /backup failed/)
  await page.selectOption('[data-test=month]', { index: 1 })
  assert.notEqual((await saved('[data-test=save-report]')).name, report.name)
}))

test('its light leads from the target to the run that failed', step(async () => {
  await page.click('[data-test=violation] a')
  const { id, name } = await targetOf(bad)
  await page.waitForURL(new RegExp(`targets/${id}$`))
  await page.waitForSelector(`h1:has-text("“${name}” needs attention")`)
  const light = page.locator('[data-test=lights] [data-light=backup]')
  assert.equal(await light.getAttribute('data-light-state'), 'bad')
  assert.match(await light.textContent(), /failed/)
  for (const other of ['retention', 'check', 'restore_test']) await counted(page.locator(`[data-light=${other}]`), 1, other)
  await page.locator('[data-test=lights] [data-day]').last().waitFor({ state: 'attached' })
  assert.equal(await page.locator('[data-test=lights] [data-day]').last().getAttribute('data-day'), 'failed')
  await accessible(page)
  await picture(page, 'lights-target-light')
  await light.locator('a').focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`runs/${failedTask}$`))
  await page.waitForSelector('h1:has-text("The backup failed")')
}))

test('the dashboard has the same lights and days, and counts by them', step(async () => {
  await page.goto(system.url)
  await page.waitForSelector('h1:has-text("One of 2 protected things is safe. One needs attention.")')
  const { id, status } = await targetOf(bad)
  assert.equal(status, 'unhealthy')
  const row = page.locator(`[data-row="${id}"]`)
  await counted(row.locator('[data-light]'), 4)
  await row.locator('[data-day]').last().waitFor({ state: 'attached' })
  await counted(row.locator('[data-day]'), 30)
  await row.locator(`[data-light=backup] a[href="/runs/${failedTask}"]`).waitFor()
  await page.locator('main li', { hasText: 'databases' }).locator(`a[href="/runs/${failedTask}"]`).waitFor()
  await page.click('[data-sort=backup]')
  assert.equal(await page.locator('[data-row]').first().getAttribute('data-row'), id, 'the worst comes first')
  await accessible(page)
  await picture(page, 'lights-dashboard-light')
}))

test('a viewer reads all of it; in German, on a phone, light and dark', step(async () => {
  const { id } = await targetOf(bad)
  const { invitation } = await system.call('POST', '/users', { email: 'viewer@example.org', role: 'viewer' })
  await fetch(`${system.url}/api/v1/auth/invitations/accept`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token: invitation.token, password: 'only to look 1' }) })
  for (const [colorScheme, width] of [['dark', 320], ['light', 320], ['dark', 1280]]) {
    const theirs = await signedIn('viewer@example.org', 'only to look 1', { locale: 'de-DE', viewport: { width, height: 800 }, colorScheme })
    const pages = [
      ['dashboard', '/', 'Eines von 2 geschützten Dingen ist sicher. Eines braucht Aufmerksamkeit.', '[data-row] [data-day]'],
      ['target', `/targets/${id}`, 'braucht Aufmerksamkeit', '[data-test=lights] [data-day]'],
      ['compliance', '/compliance', 'Eines von 2 hat nicht, was zugesagt ist.', '[data-days-of] [data-day]'],
    ]
    for (const [name, path, sentence, drawn] of pages) {
      await theirs.goto(system.url + path)
      await theirs.waitForSelector(`h1:has-text("${sentence}")`)
      await theirs.locator(drawn).last().waitFor({ state: 'attached' })
      assert.equal(await overflow(theirs), 0, `${name} is wider than ${width}`)
      if (name === 'dashboard') assert.equal(await theirs.locator('table').evaluate((one) => one.parentElement.scrollWidth - one.parentElement.clientWidth), 0, 'the table is cut off')
      await accessible(theirs)
      await picture(theirs, `lights-${name}-${width}-${colorScheme}`)
    }
    await theirs.selectOption('[data-test=span]', '365')
    await until('the year', async () => (await theirs.locator('[data-day]').count()) === 2 * 365)
    assert.equal(await overflow(theirs), 0, 'a year fits the phone')
    await picture(theirs, `lights-year-${width}-${colorScheme}`)
    await theirs.context().close()
  }
}))

test('once the backup succeeds nothing is missing any more, though the day stays as it was', step(async () => {
  mkdirSync(join(system.folder, 'lost'))
  writeFileSync(join(system.folder, 'lost/found.txt'), 'found')
  await backUp(bad, 'success')
  await page.goto(`${system.url}/compliance`)
  await page.waitForSelector('h1:has-text("All 2 targets have what is promised.")')
  const { id } = await targetOf(bad)
  await page.locator(`[data-days-of="${id}"] [data-day=failed]`).waitFor({ state: 'attached' })
  assert.deepEqual(problems, [])
}))
