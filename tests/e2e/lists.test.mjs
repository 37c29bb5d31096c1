// Lists without an end, what each role sees, and the page on a phone, in German, on plain http from another machine.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, counted } from '../support/journey.mjs'
import { System, until } from '../support/system.mjs'

const POLICIES = 230
let system
let browser
let page
let agents
const problems = []

const backend = (...args) => execFileSync(join(process.env.AE_BUILD_DIR ?? 'build', 'bin', 'ae-backend'), [...args, ...system.options], { encoding: 'utf8' })

/** A machine that enrols and says nothing more. */
async function enrol(hostname) {
  const { token } = await system.call('POST', '/restic/agents/registration-tokens', {})
  const response = await fetch(`${system.url}/api/v1/restic/agents/register`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ hostname, os: 'linux', arch: 'amd64', version: '1.0.0' }),
  })
  assert.equal(response.status, 201)
  return (await response.json()).agentId
}
async function signedIn(options = {}, url = system.url) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1400, height: 900 }, ...options })
  const made = await context.newPage()
  made.on('pageerror', (error) => problems.push(error.message))
  await made.goto(url)
  await made.fill('#email', system.email)
  await made.fill('#password', system.password)
  await made.click('form button')
  await made.waitForSelector('[data-test=summary]')
  return made
}
async function shoot(where, name) {
  if (process.env.AE_SCREENSHOTS) await where.screenshot({ path: join(process.env.AE_SCREENSHOTS, `${name}.png`), fullPage: true })
}
const overflow = (where) => where.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

before(async () => {
  system = await System.start()
  backend('tenant', 'set', '--name', 'default', '--max-policies', '1000')
  agents = [await enrol('web-01'), await enrol('web-02')]
  const shared = await system.call('POST', '/restic/repositories', {
    name: 'shared', type: 'local', config: { path: '/net/backup' }, password: 'correct horse battery',
  })
  await system.call('POST', '/restic/repositories', {
    name: 'disk of web-02', type: 'local', config: { path: '/mnt/backup' }, agent_id: agents[1], password: 'correct horse battery',
  })
  for (let i = 0; i < POLICIES; ++i)
    await system.call('POST', '/restic/policies', {
      name: i === 0 ? '=HYPERLINK("http://x","ok")' : i === POLICIES - 1 ? 'both' : `policy ${i}`,
      schedule: '0 2 * * *', include_paths: ['/home'], repository_id: shared.id,
    })
  const both = (await system.call('GET', '/restic/policies?limit=1')).items[0]
  for (const agent of agents) await system.call('PUT', `/restic/agents/${agent}/policies/${both.id}`)
  browser = await launchBrowser('--host-resolver-rules=MAP backup.test 127.0.0.1')
  page = await signedIn()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('a list goes on beyond its first page, and its export holds everything', async () => {
  await page.goto(`${system.url}/policies`)
  await page.waitForSelector('[data-row]')
  assert.equal(await page.title(), 'Policies · Restic Monitor')
  await counted(page.locator('[data-row]'), 100)
  await shoot(page, 'policies')
  await page.click('[data-test=more]')
  await until('the second page', async () => (await page.locator('[data-row]').count()) === 200)
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=csv]')])
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n')
  assert.equal(lines.length, 1 + POLICIES)
  assert.ok(lines.some((line) => line.startsWith(`"'=HYPERLINK(""http://x"",""ok"")"`)), lines.at(-1))
  await page.fill('[data-test=filter]', 'HYPER')
  await until('the filter', async () => (await page.locator('[data-row]').count()) === 1)
})

test('"Back up now" on a policy of two agents starts two tasks and says so once', async () => {
  await page.goto(`${system.url}/policies`)
  await page.click('[data-policy=both] button')
  const answer = page.locator('[data-test=started]')
  await answer.waitFor()
  assert.match(await answer.textContent(), /2 backups of “both” were started/)
  const tasks = (await system.call('GET', '/restic/tasks')).items
  assert.deepEqual(tasks.map((task) => task.agent_id).sort(), [...agents].sort())
})

test('a new policy offers what the chosen agents reach, and nothing is chosen for anybody', async () => {
  await page.goto(`${system.url}/policies/new`)
  await page.waitForSelector('#repository')
  assert.equal(await page.inputValue('#repository'), '')
  const offered = async () => (await page.locator('#repository option').allTextContents()).join('|')
  await page.getByLabel('web-01').check()
  assert.doesNotMatch(await offered(), /disk of web-02/)
  await page.getByLabel('web-01').uncheck()
  await page.getByLabel('web-02').check()
  assert.match(await offered(), /disk of web-02/)
  await page.getByLabel('web-01').check()
  assert.doesNotMatch(await offered(), /disk of web-02/)
  await page.fill('#name', '   ')
  await page.locator('p[role=alert]').waitFor()
  await page.fill('#name', 'without a place')
  await page.fill('#paths', '/home')
  await page.selectOption('#repository', 'own')
  await page.click('form button.btn-primary:not([type=button])')
  const refusal = page.locator('.alert-error')
  await refusal.waitFor()
  await shoot(page, 'new-policy')
  const left = (await system.call('GET', '/restic/policies?name=without%20a%20place')).items
  assert.deepEqual(left, [], 'nothing half-made stays')
})

test('a schedule is picked with the keyboard, said in words, and refused with what is wrong', async () => {
  await page.goto(`${system.url}/policies/new`)
  await page.getByRole('radio', { name: 'Daily' }).focus()
  await page.keyboard.press('ArrowRight')
  assert.equal(await page.inputValue('#schedule'), '0 2 * * 1')
  await page.getByLabel('Friday').check()
  await page.getByText('Every Monday and every Friday at 02:00').waitFor()
  await page.locator('[data-test=runs] li').first().waitFor()
  await accessible(page)
  await shoot(page, 'schedule-weekly')
  await page.getByRole('radio', { name: 'Own expression' }).check()
  await page.fill('#schedule', '0 0 30 2 *')
  await page.locator('p[role=alert]').filter({ hasText: 'day of month "30" names a date that never comes' }).waitFor()
  await page.fill('#schedule', 'H H * * friL')
  await page.getByText('On the last Friday of each month at a time of its own').waitFor()
  await page.getByText('Each agent has times of its own').waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut on a phone')
  await shoot(page, 'schedule-own-phone')
  await page.setViewportSize({ width: 1400, height: 900 })
})

test('an unknown run says so once, and is not asked for again', async () => {
  let asked = 0
  page.on('request', (request) => (asked += request.url().includes('/backup-runs/') ? 1 : 0))
  await page.goto(`${system.url}/runs/0190f3a0-0000-7000-8000-000000000000`)
  await page.locator('h1', { hasText: 'There is no such backup run.' }).waitFor()
  const before = asked
  await page.waitForTimeout(2500) // longer than twice the second at which a run is asked for
  assert.equal(asked, before)
})

test('an address that the application does not have is 404, with the way back', async () => {
  const answer = await page.goto(`${system.url}/nowhere`)
  assert.equal(answer.status(), 404)
  await page.locator('h1', { hasText: 'There is nothing at this address.' }).waitFor()
  assert.equal((await fetch(`${system.url}/runs/x`)).status, 200)
  await page.goto(`${system.url}/swagger/`)
  await page.click('a[href="/"]')
  await page.waitForSelector('[data-test=summary]')
})

test('the dialog of a new agent holds the focus, gives it back, and leaves no token behind', async () => {
  const far = await signedIn({}, system.url.replace('127.0.0.1', 'backup.test'))
  const open = async () => (await system.call('GET', '/restic/agents/registration-tokens')).items.length
  const before = await open()
  await far.goto(`${system.url.replace('127.0.0.1', 'backup.test')}/agents`)
  const button = far.locator('main header button')
  await button.click()
  await far.locator('[data-test=open-way]').waitFor()
  await far.locator('[data-test=install] pre').waitFor()
  assert.equal(await open(), before + 1)
  await shoot(far, 'add-agent')
  for (let i = 0; i < 6; ++i) {
    await far.keyboard.press('Tab')
    assert.ok(await far.evaluate(() => document.querySelector('dialog').contains(document.activeElement)), `after ${i + 1} tabs`)
  }
  // No clipboard here: the older way, and what was copied can be pasted.
  assert.equal(await far.evaluate(() => navigator.clipboard), undefined)
  await far.click('[data-test=copy]')
  await far.locator('[data-test=copy]', { hasText: 'Copied' }).waitFor()
  await far.keyboard.press('Escape')
  await far.locator('dialog').waitFor({ state: 'detached' })
  assert.ok(await button.evaluate((element) => element === document.activeElement))
  await until('the revoked token', async () => (await open()) === before)
  await far.context().close()
})

test('a viewer is shown no button that the host would refuse', async () => {
  const { invitation } = await system.call('POST', '/users', { email: 'viewer@example.com', role: 'viewer' })
  const context = await browser.newContext({ locale: 'en-US' })
  const theirs = await context.newPage()
  await theirs.goto(`${system.url}/invitation#${invitation.token}`)
  await theirs.fill('#password', 'a password of theirs')
  await theirs.click('form button')
  await theirs.waitForSelector('[data-test=summary]')
  for (const path of ['/', '/agents', '/policies', '/agents?add=1']) {
    await theirs.goto(`${system.url}${path}`)
    await theirs.locator('main h1').first().waitFor()
    await theirs.waitForSelector('[data-row]')
    assert.equal(await theirs.locator('main .btn-primary').count(), 0, path)
    assert.equal(await theirs.locator('dialog').count(), 0, path)
  }
  await theirs.goto(`${system.url}/policies/new`)
  await theirs.locator('main [role=alert]').waitFor()
  assert.equal(await theirs.locator('form').count(), 0)
  await context.close()
})

test('the menu holds all pages and those of modules: at the side, and on a phone in its drawer', async () => {
  const title = (n) => ({ en: `Module page ${n} with a long name`, de: `Modulseite ${n} mit langem Namen` })
  const items = ['sites', 'sites', 'sla', 'sla', 'sla', 'tape', 'tape', 'tape'].map((module, n) => ({ module, path: `p${n}`, title: title(n), icon: null, entry: `/modules/${module}/web/0/p${n}.js`, order: n }))
  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of [{ width: 320, height: 640 }, { width: 1400, height: 700 }]) {
      const narrow = viewport.width < 1000
      const where = await signedIn({ locale: 'de-DE', viewport, colorScheme })
      await where.route('**/api/v1/pages', (route) => route.fulfill({ json: { items, next: null } }))
      await where.goto(`${system.url}/policies/new`)
      await where.locator('main h1').waitFor()
      if (narrow) {
        await counted(where.locator('nav:visible'), 1, 'only the bar')
        const bar = where.locator('nav:visible')
        assert.deepEqual(await bar.locator('[aria-current=page]').allTextContents(), [], 'policies are behind “Mehr”')
        const cut = await bar.locator('span').evaluateAll((words) =>
          words.filter((word) => {
            const text = document.createRange()
            text.selectNodeContents(word)
            return text.getBoundingClientRect().width > word.getBoundingClientRect().width
          }).map((word) => word.textContent),
        )
        assert.deepEqual(cut, [], 'words of the bar are cut')
        await where.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
        const last = await where.locator('main').evaluate((main) => main.lastElementChild.getBoundingClientRect().bottom)
        const top = await bar.evaluate((one) => one.getBoundingClientRect().top)
        assert.ok(last <= top, `the page's end (${last}) is under the bar (${top})`)
        await shoot(where, `menu-bar-${colorScheme}`)
        await where.locator('[data-test=menu]').focus()
        await where.keyboard.press('Enter')
        await where.locator('dialog[open]').waitFor()
      }
      const menu = where.locator(narrow ? 'dialog nav' : 'aside nav')
      await menu.locator('[data-module]').last().waitFor()
      await counted(menu.locator('li a'), 18)
      assert.deepEqual((await menu.locator('[aria-current=page]').allTextContents()).map((text) => text.trim()), ['Richtlinien'])
      assert.deepEqual(await menu.locator('h2').allTextContents().then((all) => all.map((text) => text.trim())), ['Überblick', 'Schützen', 'Finden', 'Nachweisen', 'Module', 'Einstellungen'])
      assert.equal(await overflow(where), 0)
      await shoot(where, `menu-${narrow ? 'phone' : 'wide'}-${colorScheme}`)
      // By keyboard to the very last one, which scrolls into view.
      await menu.locator('li a').first().focus()
      await where.keyboard.press('End')
      assert.equal(await menu.locator('li a').last().evaluate((one) => one === document.activeElement), true)
      await menu.locator('[data-module]').last().click()
      await until('the page of the module', async () => new URL(where.url()).pathname === '/m/tape/p7')
      if (narrow) await where.locator('dialog').waitFor({ state: 'detached' })
      await where.context().close()
    }
  }
})

test('the pages fit a phone of 320 pixels, in German, light and dark', async () => {
  await system.call('POST', '/restic/policies', { name: 'x'.repeat(200), schedule: '0 2 * * *', include_paths: [`/${'long'.repeat(40)}`], retention_rules: { keep_last: 3 }, repository_id: (await system.call('GET', '/restic/repositories')).items[0].id })
  for (const colorScheme of ['light', 'dark']) {
    const phone = await signedIn({ locale: 'de-DE', viewport: { width: 320, height: 640 }, colorScheme })
    await shoot(phone, `phone-dashboard-${colorScheme}`)
    for (const [path, title] of [['/', 'Backup-Übersicht'], ['/agents', 'Agenten'], ['/policies', 'Richtlinien'], ['/targets', 'Ziele'], ['/runs', 'Backup-Läufe'], ['/users', 'Benutzer'], ['/policies/new', 'Neue Richtlinie']]) {
      await phone.goto(`${system.url}${path}`)
      await phone.locator('main h1').first().waitFor()
      await until(`the title of ${path}`, async () => (await phone.title()).startsWith(title))
      if (!path.endsWith('new') && path !== '/users') await phone.waitForSelector('[data-row]')
      assert.equal(await overflow(phone), 0, path)
      const cut = await phone.locator('table').evaluateAll((all) => all.filter((one) => one.parentElement.scrollWidth > one.parentElement.clientWidth).length)
      assert.equal(cut, 0, `a table of ${path} is cut off`)
      await shoot(phone, `phone${path.replaceAll('/', '-')}-${colorScheme}`)
    }
    await phone.click('[data-test=menu]')
    await phone.locator('dialog nav a', { hasText: 'Richtlinien' }).waitFor()
    await shoot(phone, `phone-menu-${colorScheme}`)
    await phone.locator('dialog nav a', { hasText: 'Richtlinien' }).click()
    await phone.locator('dialog').waitFor({ state: 'detached' })
    // An error of the host, in the page's language.
    await phone.goto(`${system.url}/account`)
    await phone.fill('#current', 'not it at all')
    await phone.fill('#wanted', 'another password')
    await phone.fill('#again', 'another password')
    await phone.click('[data-test=password] button.btn-primary')
    await phone.locator('.alert-error').waitFor()
    assert.doesNotMatch(await phone.locator('.alert-error p').first().textContent(), /\b(the|password|your)\b/i)
    await phone.context().close()
  }
  assert.deepEqual(problems, [])
})
