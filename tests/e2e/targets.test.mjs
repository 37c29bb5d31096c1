// Repositories that no agent watches, as a person has them watched: from the empty page to the damage, and away again.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, journey, overflow, picture } from '../support/journey.mjs'
import { farMaintenance, farSchedule, System, until } from '../support/system.mjs'

const PASSWORD = 'correct horse battery'
let root
let system
let browser
let page
let agent
const problems = []
const step = journey(() => page, () => system)

/** What somebody's own cron job does, without any of us. */
function restic(repository, ...args) {
  return execFileSync('restic', args, {
    encoding: 'utf8',
    env: { ...process.env, RESTIC_REPOSITORY: join(root, repository), RESTIC_PASSWORD: PASSWORD, RESTIC_CACHE_DIR: join(root, 'cache-of-theirs') },
  })
}
async function signedIn(email, password, options) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, colorScheme: 'light', ...options })
  const made = await context.newPage()
  made.on('pageerror', (error) => problems.push(error.message))
  await made.goto(system.url)
  await made.fill('#email', email)
  await made.fill('#password', password)
  await made.click('form button')
  await made.waitForSelector('[data-test=summary]')
  return made
}
const targetNamed = async (name) => (await system.call('GET', '/restic/status')).find((one) => one.name === name)
async function replan(id) {
  const { probes, created_at, updated_at, id: _, ...target } = await system.call('GET', `/restic/targets/${id}`)
  for (const disabled of [true, false]) await system.call('PUT', `/restic/targets/${id}`, { ...target, disabled })
}
async function lookNow() {
  await page.click('[data-test=look]')
  await page.locator('[data-test=look]:not([disabled])').waitFor({ timeout: 30000 })
}

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'ae-e2e-watched-'))
  // Of the host that is started below: what it may look at, and as whom.
  Object.assign(process.env, { AE_DIRECT_LOCAL_ROOTS: root, AE_RESTIC_MONITOR_USER: 'root', AE_RESTIC_MONITOR_CACHE_DIR: join(root, 'cache-of-host') })
  mkdirSync(join(root, 'source'))
  writeFileSync(join(root, 'source/letter.txt'), 'Dear reader')
  for (const repository of ['old', 'stale']) restic(repository, 'init')
  for (let i = 0; i < 2; ++i) restic('old', 'backup', '--host', 'files', join(root, 'source'))
  restic('stale', 'backup', '--host', 'mail', '--time', new Date(Date.now() - 72 * 3600000).toISOString().slice(0, 19).replace('T', ' '), join(root, 'source'))
  system = await System.start()
  system.secrets.add(PASSWORD)
  browser = await launchBrowser()
  page = await signedIn(system.email, system.password)
})

after(async () => {
  await browser?.close()
  await system?.stop()
  rmSync(root, { recursive: true, force: true })
})

test('who only watches needs no agent: the first page leads to the form, and an older installation is named', step(async () => {
  await page.locator('[data-test=only-watch] a').waitFor()
  await picture(page, 'targets-first-run')
  await page.goto(`${system.url}/targets`)
  assert.match(await page.textContent('[data-test=import]'), /^ae-backend migrate --from-v0 /)
  await accessible(page)
  await picture(page, 'targets-empty')
  await page.click('[data-test=watch]')
  await page.waitForURL(/targets\/new$/)
  assert.ok(await page.isDisabled('[data-how=known]'), 'nothing is known yet')
}))

test('what the server may not look at is refused in its own words, and nothing half-made stays', step(async () => {
  assert.deepEqual(await page.locator('[data-test=kind] option').evaluateAll((all) => all.map((one) => one.value).sort()), ['azure', 'gcs', 'local', 'rest', 's3', 'sftp'])
  await page.fill('[data-test=name]', 'files-old')
  assert.equal(await page.inputValue('[data-test=target-name]'), 'files-old')
  await page.fill('[data-field="/config/path"] input', '/etc/backups')
  await page.fill('[data-test=password]', 'not the right one')
  await page.click('[data-test=add]')
  await page.locator('.alert-error').filter({ hasText: 'AE_DIRECT_LOCAL_ROOTS' }).waitFor()
  await accessible(page)
  await picture(page, 'targets-refused')
  assert.deepEqual((await system.call('GET', '/restic/repositories')).items, [])
  assert.equal(await page.inputValue('[data-field="/config/path"] input'), '/etc/backups', 'what was typed stays')
}))

test('the first look says what is wrong, and after the correction what is there', step(async () => {
  await page.fill('[data-field="/config/path"] input', join(root, 'old'))
  await page.click('[data-test=add]')
  await page.waitForURL(/targets\/new\?target=/)
  await page.locator('[data-test=meaning]').filter({ hasText: 'The password does not open the repository.' }).waitFor({ timeout: 60000 })
  await page.locator('[data-test=advice]').filter({ hasText: 'Correct the password' }).waitFor()
  await accessible(page)
  await picture(page, 'targets-first-look-wrong')
  await page.click('[data-test=change]')
  await page.fill('[data-test=password]', PASSWORD)
  await page.click('[data-test=save]')
  await page.locator('[data-test=found]').filter({ hasText: /^2 snapshots, the newest made .*\.$/ }).waitFor({ timeout: 60000 })
  // The check that failed meanwhile has its next turn in days: one that has rested is looked at anew, in all ways.
  const { id: target } = await targetNamed('files-old')
  await replan(target)
  await page.click('[data-test=again]')
  await page.locator('[data-test=first-look] [data-state=healthy]').waitFor({ timeout: 60000 })
  await accessible(page)
  await picture(page, 'targets-first-look')
  const [repository] = (await system.call('GET', '/restic/repositories')).items
  system.repositories.set(repository.id, { folder: join(root, 'old'), password: PASSWORD })
  assert.equal(repository.maintenance.prune_schedule, '', 'nobody removes anything where others back up')
  await page.click('[data-test=done]')
  await page.waitForSelector('h1:has-text("“files-old” is well: its last snapshot was made")')
}))

test('another snapshot by hand is there after "Look now"', step(async () => {
  restic('old', 'backup', '--host', 'files', join(root, 'source'))
  await lookNow()
  await page.locator('[data-test=count]').filter({ hasText: /^3$/ }).waitFor()
  await until('the list', async () => (await page.locator('[data-test=snapshots] [data-row]').count()) === 3)
  await page.locator('[data-test=history] [data-row]').nth(2).waitFor()
  for (const kind of ['snapshots', 'stats', 'check']) await page.locator(`[data-look=${kind}] [data-look-state=good]`).waitFor({ timeout: 60000 })
  await page.locator('[data-test=sizes-sentence]').waitFor({ timeout: 90000 })
  await accessible(page)
  await picture(page, 'target-light')
}))

test('a repository that is known here is watched by a choice; one whose backups have stopped says so', step(async () => {
  const { id } = await system.call('POST', '/restic/repositories', { name: 'mail-old', type: 'local', config: { path: join(root, 'stale') }, password: PASSWORD, maintenance: farMaintenance() })
  await page.goto(`${system.url}/targets`)
  await page.click('[data-test=watch]')
  await page.waitForSelector('[data-how=known]:checked')
  assert.deepEqual(await page.locator('[data-test=repository] option:not([disabled])').allTextContents(), ['mail-old'], 'what is watched already is not offered')
  await page.selectOption('[data-test=repository]', id)
  await picture(page, 'targets-known')
  await page.click('[data-test=add]')
  await page.locator('[data-test=meaning]').filter({ hasText: /^The last snapshot is 7\d hours old\.$/ }).waitFor({ timeout: 60000 })
  await picture(page, 'targets-first-look-stale')
  await page.click('[data-test=done]')
  await page.waitForSelector('h1:has-text("needs attention: The last snapshot is 7")')
  await page.click('[data-test=change]')
  await page.fill('[data-test=max-age]', '100')
  await picture(page, 'target-change')
  await page.click('[data-test=save]')
  await page.waitForSelector('h1:has-text("“mail-old” is well")')
  await page.waitForSelector('[data-test=facts] >> text=100 hours')
}))

test('one that rests is looked at by nobody, until somebody says so', step(async () => {
  await page.click('[data-test=rest]')
  await page.waitForSelector('h1:has-text("“mail-old” rests")')
  assert.equal(await page.locator('[data-test=look]').count(), 0)
  await page.click('[data-test=rest]')
  await page.waitForSelector('h1:has-text("“mail-old” is well")', { timeout: 30000 })
}))

test('a target is handed to an agent whose policy saves to the same repository, and keeps what was seen', step(async () => {
  const { id, repository_id: repository } = await targetNamed('mail-old')
  await page.click('[data-test=hand]')
  await page.locator('dialog [data-test=hand-over][disabled]').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached' })
  agent = await system.startAgent()
  await system.call('POST', '/restic/policies', { name: 'mail', schedule: farSchedule(), include_paths: [join(root, 'source')], repository_id: repository, retention_rules: { keep_daily: 7 } })
  await page.reload()
  await page.click('[data-test=hand]')
  await page.locator('dialog [data-test=hand-over]:not([disabled])').waitFor()
  await picture(page, 'target-hand-over')
  await page.click('[data-test=hand-over]')
  await page.waitForSelector('[data-test=facts] >> text=agent web-01')
  assert.equal((await targetNamed('mail-old')).id, id)
  await page.locator('[data-test=history] [data-row]').first().waitFor()
  assert.equal(await page.locator('[data-test=danger]').count(), 0, 'it is the policy’s')
  await picture(page, 'target-of-agent')
}))

test('a repository that is gone is said to be so, and the last good answer stays with its age', step(async () => {
  const { id } = await targetNamed('files-old')
  renameSync(join(root, 'old'), join(root, 'moved'))
  await page.goto(`${system.url}/targets/${id}`)
  await page.locator('[data-test=look]').waitFor()
  await lookNow()
  await page.waitForSelector('h1:has-text("“files-old” needs attention: There is no repository at its place.")')
  await page.locator('[data-test=old-answer]').filter({ hasText: 'What is shown here was last seen' }).waitFor()
  await page.locator('[data-test=advice]').filter({ hasText: 'whether its disk is mounted' }).waitFor()
  assert.equal((await page.textContent('[data-test=count]')).trim(), '3')
  await page.locator('[data-look=snapshots] [data-look-state=bad]').waitFor()
  await until('the row of that look', async () => /There is no repository/.test(await page.locator('[data-test=history] [data-row]').first().textContent()))
  await accessible(page)
  await picture(page, 'target-gone-light')
  await page.goto(`${system.url}/targets`)
  await page.waitForSelector('h1:has-text("One of 2 targets is well. One needs attention.")')
  const row = page.locator(`[data-row="${id}"]`)
  assert.match(await row.textContent(), /last seen/)
  assert.match(await row.textContent(), /There is no repository at its place\./)
  await accessible(page)
  await picture(page, 'targets-light')
  await page.goto(system.url)
  await page.waitForSelector('h1:has-text("One of 2 protected things is safe. One needs attention.")')
  assert.match(await page.locator('main li', { hasText: 'files-old' }).textContent(), /There is no repository at its place\./)
  await picture(page, 'targets-dashboard')
  await page.click('main li >> text=files-old')
  await page.waitForURL(new RegExp(`targets/${id}$`))
}))

test('a viewer sees all of it and presses nothing; in German, on a phone, light and dark', step(async () => {
  const { id } = await targetNamed('files-old')
  const { invitation } = await system.call('POST', '/users', { email: 'viewer@example.org', role: 'viewer' })
  await fetch(`${system.url}/api/v1/auth/invitations/accept`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token: invitation.token, password: 'only to look 1' }) })
  for (const [colorScheme, viewport] of [['dark', { width: 320, height: 740 }], ['light', { width: 390, height: 800 }], ['dark', { width: 1280, height: 800 }]]) {
    const phone = await signedIn('viewer@example.org', 'only to look 1', { locale: 'de-DE', viewport, colorScheme })
    const name = `${viewport.width}-${colorScheme}`
    await phone.goto(`${system.url}/targets`)
    await phone.waitForSelector('h1:has-text("Einem von 2 Zielen geht es gut. Eines braucht Aufmerksamkeit.")')
    assert.equal(await phone.locator('[data-test=watch]').count(), 0)
    assert.equal(await overflow(phone), 0)
    assert.equal(await phone.locator('table').evaluate((one) => one.parentElement.scrollWidth - one.parentElement.clientWidth), 0, 'the table is cut off')
    if (colorScheme === 'dark') await accessible(phone)
    await picture(phone, `targets-${name}`)
    await phone.goto(`${system.url}/targets/${id}`)
    await phone.waitForSelector('h1:has-text("„files-old“ braucht Aufmerksamkeit: An seinem Ort ist kein Repository.")')
    await phone.locator('[data-test=history] [data-row]').first().waitFor()
    for (const button of ['look', 'change', 'rest', 'hand', 'remove']) assert.equal(await phone.locator(`[data-test=${button}]`).count(), 0, button)
    assert.equal(await overflow(phone), 0)
    if (colorScheme === 'dark') await accessible(phone)
    await picture(phone, `target-${name}`)
    await phone.goto(`${system.url}/targets/new`)
    await phone.locator('main [role=alert]').waitFor()
    assert.equal(await phone.locator('form').count(), 0)
    await phone.context().close()
  }
}))

test('what is imported from v0 is among the targets, and its policy rests until somebody adopts it', step(async () => {
  const file = join(root, 'v0.db')
  const old = new DatabaseSync(file)
  old.exec(`CREATE TABLE targets (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, repository TEXT NOT NULL, password TEXT, password_file TEXT, certificate_file TEXT, keep_last INTEGER, keep_hourly INTEGER, keep_daily INTEGER, keep_weekly INTEGER, keep_monthly INTEGER, keep_yearly INTEGER, disabled BOOLEAN DEFAULT 0);
    CREATE TABLE snapshots (id INTEGER PRIMARY KEY, target_id INTEGER, snapshot_id TEXT NOT NULL, short_id TEXT, time TIMESTAMP, hostname TEXT, username TEXT, paths TEXT, tags TEXT, parent TEXT, tree TEXT);
    CREATE TABLE health_checks (id INTEGER PRIMARY KEY, target_id INTEGER, healthy BOOLEAN, error_message TEXT, checked_at TIMESTAMP);
    INSERT INTO targets VALUES (1, 'db-old', 'rest:https://backup.invalid/db-old', 'a password of v0', NULL, NULL, 0, 0, 7, 4, 0, 0, 0);
    INSERT INTO snapshots VALUES (NULL, 1, '${'ab'.repeat(32)}', '${'ab'.repeat(4)}', '2026-01-02 03:00:00.5+00:00', 'db-old', 'root', '["/var/lib/db"]', '[]', NULL, '${'cd'.repeat(32)}');`)
  old.close()
  execFileSync(join(process.env.AE_BUILD_DIR ?? 'build', 'bin', 'ae-backend'), ['migrate', '--from-v0', file, ...system.options], { stdio: 'ignore' })
  system.exempt.green = 'the old machine was never here'
  await page.goto(`${system.url}/targets`)
  await page.waitForSelector('td >> text=db-old')
  await page.goto(`${system.url}/policies`)
  const row = page.locator('[data-row]', { hasText: 'db-old Policy' })
  await row.locator('[data-test=imported]').waitFor()
  await accessible(page)
  await picture(page, 'policies-imported')
  await row.locator('[data-test=adopt]').click()
  await page.locator('dialog [data-test=placeholder]').filter({ hasText: 'No agent runs on db-old yet.' }).waitFor()
  await picture(page, 'policies-adopt')
  await page.click('[data-test=adopt-now]')
  await page.locator('dialog').waitFor({ state: 'detached' })
  await row.locator('text=Back up now').waitFor()
  assert.equal(await row.locator('[data-test=imported]').count(), 0)
  await page.goto(`${system.url}/agents`)
  await page.waitForSelector('td >> text=imported')
  await picture(page, 'agents-imported')
  await page.goto(`${system.url}/targets/${(await targetNamed('files-old')).id}`)
}))

test('a target is watched no longer once its name is typed, by keyboard, and its repository is as it was', step(async () => {
  renameSync(join(root, 'moved'), join(root, 'old'))
  await lookNow()
  await page.waitForSelector('h1:has-text("“files-old” is well")')
  const files = () => readdirSync(join(root, 'old'), { recursive: true }).sort()
  const then = files()
  await page.locator('[data-test=remove]').focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('dialog >> text=Nothing in the repository changes')
  await page.keyboard.type('files-old')
  await picture(page, 'target-remove')
  await page.keyboard.press('Enter')
  await page.waitForURL(/targets$/)
  await page.waitForSelector('td >> text=mail-old')
  assert.equal(await targetNamed('files-old'), undefined)
  assert.deepEqual(files(), then)
  assert.deepEqual(problems, [])
}))
