// The page of an agent: its plugins are set up and tested, its databases are seen and brought back.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, counted, journey, overflow, picture } from '../support/journey.mjs'
import { farMaintenance, farSchedule, System, until } from '../support/system.mjs'

const SECRET = 'of the plugin 4711'
let system
let browser
let page
let agent
let policy
let repository
let source
const problems = []
const card = (name = 'trouble', where = page) => where.locator(`[data-plugin=${name}]`)
const field = (name) => card().locator(`[data-field="/settings/${name}"]`)

async function signIn(where, path, email = system.email, password = system.password) {
  await where.goto(`${system.url}${path}`)
  await where.fill('#email', email)
  await where.fill('#password', password)
  await where.click('form button')
  await where.waitForSelector('[data-test=agent-state]')
}
async function opened(options) {
  const made = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options })).newPage()
  made.on('pageerror', (error) => problems.push(error.message))
  return made
}
const plugin = async () => (await system.call('GET', `/restic/agents/${agent}/plugins`)).items.find((one) => one.name === 'trouble')
async function backUp(wanted = 'success') {
  const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy.id })
  let task
  await until('the backup', async () => ['success', 'warning', 'failed'].includes((task = await system.call('GET', `/restic/tasks/${id}`)).status), 60)
  assert.equal(task.status, wanted, JSON.stringify([task.error, task.result?.notices, task.result?.dumps?.map((one) => one.error)]))
  return id
}
const failing = journey(() => page, () => system)

before(async () => {
  system = await System.start()
  agent = await system.startAgent({ RESTIC_AGENT_PLUGIN_PATH: resolve(process.env.AE_BUILD_DIR ?? 'build', 'tests/agent_plugins') })
  source = system.makeFiles(2, 1000)
  repository = await system.call('POST', '/restic/repositories', {
    name: 'main', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: 'correct horse battery',
  })
  browser = await launchBrowser()
  page = await opened()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('the name in the list leads to the page, which says what is going on', failing(async () => {
  await signIn(page, `/agents/${agent}`)
  await page.click('nav >> text=Agents')
  await page.click('td a:has-text("web-01")')
  await page.waitForSelector('h1:has-text("web-01 is online. It follows no policy.")')
  await page.waitForSelector('[data-test=agent-state][data-state=online]')
  assert.match(await page.textContent('[data-test=facts]'), /restic/)
  assert.match(await page.locator('[data-test=facts] time').getAttribute('title'), /\d{4}.*:\d\d/)
  await accessible(page)
  assert.equal(await page.title(), 'web-01 · Restic Monitor')
}))

test('a plugin is tested as it stands in the form, and says what is wrong', failing(async () => {
  await page.click('[data-part=plugins]')
  await card().locator('[data-state=off]').waitFor({ timeout: 45000 })
  await card().locator('[data-test=open-settings]').click()
  await field('host').locator('input').fill('db-01')
  await field('password').locator('input').fill(SECRET)
  await field('items').locator('textarea').fill('shop\nstock')
  assert.ok(await field('password_file').locator('input').isDisabled(), 'what is the machine\'s own')
  assert.match(await field('password_file').textContent(), /changed on the machine/)
  await field('probe').locator('select').selectOption('fail')
  await card().locator('[data-test=test]').click()
  await card().locator('[data-test=task-failure] >> text=The server went away').waitFor({ timeout: 30000 })
  await card().locator('[data-test=hint]').filter({ hasText: 'Start it again' }).waitFor()
  await picture(page, 'plugin-test-failed')
  await accessible(page)
  await field('probe').locator('select').selectOption('good')
  assert.equal(await card().locator('[data-test=task-failure]').count(), 0, 'what was found is of what was tested')
  await card().locator('[data-test=test]').click()
  await card().locator('[data-test=plugin-tested] [data-state=ready]').waitFor({ timeout: 30000 })
  const found = await card().locator('[data-test=plugin-tested]').textContent()
  assert.match(found, /Trouble 7/)
  assert.match(found, /troubledump 7\.1/)
  assert.match(found, /2 dumps would be made, about 586 KiB/)
  await picture(page, 'plugin-tested')
  assert.equal((await plugin()).enabled, false, 'a test changes nothing')
}))

test('settings are saved on the machine, and secrets are kept there', failing(async () => {
  await card().locator('[data-test=save]').click()
  await card().locator('[data-test=plugin-state][data-state=on]').waitFor({ timeout: 60000 })
  await card().locator('[data-test=saved]').filter({ hasText: 'Saved on the machine.' }).waitFor()
  await until('the version that the agent tells', async () => (await card().locator('[data-test=untold]').count()) === 0)
  const [set] = (await plugin()).sets
  assert.deepEqual(set.settings, { host: 'db-01', items: ['shop', 'stock'] }, 'no default that nobody chose')
  assert.deepEqual(set.secrets, ['password'])
  assert.match(await field('password').textContent(), /Kept; type to replace/)
  assert.equal(await field('password').locator('input[type=password]').inputValue(), '')
  await picture(page, 'plugin-saved')
}))

test('a secret does not follow to another place', failing(async () => {
  await field('host').locator('input').fill('db-02')
  await field('password').locator('text=Give it again').waitFor()
  await card().locator('[data-test=save]').click()
  await field('password').locator('text=must be given again').waitFor()
  await picture(page, 'plugin-again')
  assert.equal((await plugin()).sets[0].settings.host, 'db-01', 'nothing was sent')
  await field('host').locator('input').fill('db-01')
  await field('password').locator('text=Kept; type to replace').waitFor()
  await field('bytes').locator('input').fill('-1')
  await card().locator('[data-test=save]').click()
  assert.equal(await field('bytes').locator('input').evaluate((input) => input.validity.valid), false)
  await field('bytes').locator('input').fill('200000')
  await card().locator('[data-test=save]').click()
  await until('the change', async () => (await plugin()).sets[0].settings.bytes === 200000, 60)
  assert.deepEqual((await plugin()).sets[0].secrets, ['password'], 'what is kept stays')
}))

test('a second set has a name of its own', failing(async () => {
  await card().locator('[data-test=add-set]').click()
  await card().locator('[data-test=set-name]').fill('reports')
  await field('host').locator('input').fill('db-03')
  await card().locator('[data-test=save]').click()
  await until('the set', async () => (await plugin()).sets.some((one) => one.name === 'reports' && one.settings.host === 'db-03'), 60)
  await card().locator('[data-test=set]').waitFor({ timeout: 30000 })
  await until('the choice of it', async () => (await card().locator('[data-test=set]').inputValue()) === 'reports')
}))

test('a policy names a plugin, and what a failed dump means', failing(async () => {
  await page.goto(`${system.url}/policies/new`)
  await page.fill('#name', 'databases')
  await page.selectOption('#repository', repository.id)
  await page.selectOption('[data-test=add-use]', 'trouble')
  await page.click('[data-test=add-use-button]')
  await page.selectOption('[data-test=use-set]', 'reports')
  await page.check('[data-on-error=warn]')
  await page.check('[data-test=with-files]')
  await page.click('[data-test=use-settings] summary')
  assert.equal(await page.locator('[data-field="/plugins/0/settings/password"]').count(), 0, 'only what a policy may set')
  await page.fill('[data-field="/plugins/0/settings/bytes"] input', '1000')
  await picture(page, 'policy-plugins')
  await accessible(page)
  await page.setViewportSize({ width: 390, height: 844 })
  assert.equal(await overflow(page), 0)
  await picture(page, 'policy-plugins-phone')
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.click('form button.btn-primary:not([type=button])')
  await page.waitForURL(/policies$/)
  const made = (await system.call('GET', '/restic/policies')).items.find((one) => one.name === 'databases')
  assert.deepEqual(made.include_paths, [])
  assert.deepEqual(made.plugins, [{ name: 'trouble', set: 'reports', settings: { bytes: 1000 }, on_error: 'warn', with_files: true }])
  await system.call('DELETE', `/restic/agents/${agent}/policies/${made.id}`)
  await system.call('DELETE', `/restic/policies/${made.id}`)
  await page.goto(`${system.url}/agents/${agent}`)
}))

test('databases are seen after a backup, with their age, and on the run', failing(async () => {
  policy = await system.call('POST', '/restic/policies', {
    name: 'nightly', schedule: farSchedule(), include_paths: [source], repository_id: repository.id, retention_rules: { keep_last: 3 }, plugins: [{ name: 'trouble' }],
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  const run = await backUp()
  await page.click('[data-part=databases]')
  const row = page.locator('tr', { has: page.locator('[data-database=shop]') })
  await row.locator('[data-state=saved]').waitFor({ timeout: 30000 })
  assert.match(await row.textContent(), /195 KiB/)
  assert.match(await row.locator('time').getAttribute('title'), /\d{4}.*:\d\d/)
  assert.equal(await row.locator('[data-test=verify]').count(), 0, 'this plugin cannot')
  await picture(page, 'agent-databases')
  await accessible(page)
  await page.goto(`${system.url}/runs/${run}`)
  await page.locator('[data-dump=stock] [data-state=saved]').waitFor()
  await picture(page, 'run-with-dumps')
  await page.click('[data-test=run-dumps] >> text=All databases of this machine')
  await page.waitForSelector('[data-database=shop]')
  await page.click('[data-part=overview]')
  await page.waitForSelector('h1:has-text("It follows one policy. Last backup")')
  await page.locator('[data-test=latest-runs] [data-state=success]').waitFor()
  await picture(page, 'agent-overview')
}))

test('a database is brought back under another name', failing(async () => {
  await page.click('[data-part=databases]')
  const open = page.locator('tr', { has: page.locator('[data-database=shop]') }).locator('[data-test=restore]')
  await open.click()
  await page.waitForSelector('[data-test=dump-head] >> text=trouble')
  assert.equal(await page.inputValue('[data-test=restore-name]'), 'shop_restored')
  assert.equal(await page.inputValue('[data-test=restore-agent]'), agent)
  await page.fill('[data-test=restore-name]', 'shop')
  await page.waitForSelector('[data-test=restore-meets] >> text=The original has this name')
  assert.ok(await page.isDisabled('[data-test=start-restore]'), 'its own name only to replace it')
  await page.check('[data-test=replace]')
  assert.ok(await page.isDisabled('[data-test=start-restore]'), 'and only once it is typed')
  await page.fill('[data-test=replace-name]', 'Shop')
  assert.ok(await page.isDisabled('[data-test=start-restore]'))
  await page.fill('[data-test=replace-name]', 'shop')
  assert.ok(await page.isEnabled('[data-test=start-restore]'))
  await picture(page, 'restore-replace')
  await accessible(page)
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('dialog').count(), 0)
  assert.ok(await open.evaluate((button) => button === document.activeElement), 'the focus is where it was')
  await page.keyboard.press('Enter')
  const place = join(system.folder, 'brought-back')
  await page.fill('[data-test=restore-name]', place)
  await picture(page, 'restore')
  await page.click('[data-test=start-restore]')
  await page.waitForSelector('[data-test=restored]', { timeout: 60000 })
  assert.match(await page.textContent('[data-test=restored]'), /is restored on web-01/)
  assert.equal(statSync(place).size, 200000)
  assert.ok(readFileSync(place, 'utf8').startsWith('shop\nshop\n'))
  await picture(page, 'restored')
  await page.click('[data-test=close]')
}))

test('a restore to another server asks for the secret again', failing(async () => {
  await page.locator('tr', { has: page.locator('[data-database=stock]') }).locator('[data-test=restore]').click()
  await page.check('[data-test=other-server]')
  await page.fill('[data-field="/destination/host"] input', 'db-09')
  const place = join(system.folder, 'elsewhere')
  await page.fill('[data-test=restore-name]', place)
  await page.click('[data-test=start-restore]')
  await page.waitForSelector('[data-field="/destination/password"] >> text=must be given again')
  await picture(page, 'restore-elsewhere')
  await page.fill('[data-field="/destination/password"] input[type=password]', 'of another place 1')
  await page.click('[data-test=start-restore]')
  await page.waitForSelector('[data-test=restored]', { timeout: 60000 })
  assert.ok(existsSync(place))
  await page.click('[data-test=close]')
}))

test('a dump that failed says why, and the old one stays', failing(async () => {
  await system.call('PUT', `/restic/policies/${policy.id}`, {
    name: 'nightly', schedule: farSchedule(), include_paths: [source], repository_id: repository.id, retention_rules: { keep_last: 3 },
    plugins: [{ name: 'trouble', settings: { dump: 'fail', broken: 'stock' }, on_error: 'warn' }],
  })
  const run = await backUp('warning')
  const row = page.locator('tr', { has: page.locator('[data-database=stock]') })
  await row.locator('[data-state=failed]').waitFor({ timeout: 30000 })
  assert.match(await row.locator('[data-test=dump-reason]').textContent(), /The server went away/)
  await counted(row.locator('[data-test=restore]'), 1, 'the last one that was saved')
  await page.goto(`${system.url}/runs/${run}`)
  await page.locator('[data-dump=stock] >> text=What to do: Start it again').waitFor()
  await picture(page, 'run-dump-failed')
  await accessible(page)
}))

test('a viewer sees all of it and presses nothing; in German, dark, on a phone', failing(async () => {
  const invited = await system.call('POST', '/users', { email: 'viewer@example.org', role: 'viewer' })
  await fetch(`${system.url}/api/v1/auth/invitations/accept`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: invited.invitation.token, password: 'only to look 1' }),
  })
  const phone = await opened({ locale: 'de-DE', viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await signIn(phone, `/agents/${agent}`, 'viewer@example.org', 'only to look 1')
  await phone.waitForSelector('h1:has-text("web-01 ist online. Er folgt einer Richtlinie.")')
  await phone.waitForSelector('[data-test=latest-runs] [data-state]')
  assert.equal(await phone.locator('[data-part=settings]').count(), 0)
  for (const [part, shown] of [['overview', '[data-test=facts]'], ['plugins', '[data-test=plugin-state]'], ['databases', '[data-database=shop]']]) {
    await phone.click(`[data-part=${part}]`)
    await phone.waitForSelector(shown)
    if (part === 'plugins') {
      await card('trouble', phone).locator('[data-test=open-settings]').click()
      await phone.locator('[data-value=password] >> text=auf dem Rechner aufgehoben').first().waitFor()
      for (const button of ['toggle', 'save', 'test']) assert.equal(await phone.locator(`[data-test=${button}]`).count(), 0, button)
    }
    assert.equal(await phone.locator('[data-test=restore]').count(), 0)
    assert.equal(await overflow(phone), 0, part)
    await picture(phone, `agent-${part}-phone-dark`)
    await accessible(phone)
  }
  await phone.context().close()
}))

test('an operator restores on a phone, in German', failing(async () => {
  const phone = await opened({ locale: 'de-DE', viewport: { width: 390, height: 844 } })
  await signIn(phone, `/agents/${agent}?part=databases`)
  await phone.locator('[data-test=restore]').first().click()
  await phone.waitForSelector('dialog >> text=Unter welchem Namen')
  await phone.check('[data-test=replace]')
  const wider = (element) => element.scrollWidth - element.clientWidth
  assert.equal(await phone.locator('.modal-box').evaluate(wider), 0)
  await picture(phone, 'restore-phone-german')
  await phone.keyboard.press('Escape')
  await phone.goto(`${system.url}/agents/${agent}?part=plugins`)
  await card('trouble', phone).locator('[data-test=open-settings]').click()
  await card('trouble', phone).locator('[data-test=test]').click()
  await phone.locator('[data-test=plugin-tested]').waitFor({ timeout: 30000 })
  assert.equal(await overflow(phone), 0)
  await picture(phone, 'plugins-phone-german')
  await phone.goto(`${system.url}/agents/${agent}?part=settings`)
  await phone.fill('[data-test=label]', 'Lager')
  await phone.click('[data-test=save]')
  await phone.waitForSelector('text=Gespeichert.')
  assert.equal((await system.call('GET', `/restic/agents/${agent}`)).label, 'Lager')
  await picture(phone, 'agent-settings-phone-german')
  await phone.context().close()
}))

test('a plugin is switched off, and an unknown agent says so', failing(async () => {
  await page.goto(`${system.url}/agents/${agent}?part=plugins`)
  await card().locator('[data-test=toggle]').filter({ hasText: 'Switch off' }).click()
  await card().locator('[data-test=plugin-state][data-state=off]').waitFor({ timeout: 60000 })
  await page.goto(`${system.url}/agents/0190f3a0-0000-7000-8000-000000000000`)
  await page.waitForSelector('h1:has-text("There is no such agent.")')
  assert.deepEqual(problems, [])
}))
