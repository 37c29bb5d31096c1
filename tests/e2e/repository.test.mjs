// What cares for a repository, as a person starts it and sees what came of it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { farMaintenance, farSchedule, System, until } from '../support/system.mjs'

const PASSWORD = 'correct horse battery'
let system
let browser
let page
let agent
let policy
let repository
const problems = []
const card = (kind) => page.locator(`[data-care=${kind}]`)
const outcome = (kind) => card(kind).locator('[data-test=outcome]')

async function backUp() {
  const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy.id })
  await until('the backup', async () => (await system.call('GET', `/restic/tasks/${id}`)).status === 'success', 60)
}
async function signIn(where, email, password) {
  await where.goto(`${system.url}/repositories/${repository.id}`)
  await where.fill('#email', email)
  await where.fill('#password', password)
  await where.click('form button')
  await where.waitForSelector('[data-care=check]')
}
const overflow = (where) => where.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
/** For whoever wants to look at the pages: AE_SCREENSHOTS names a folder. */
const picture = (where, name) => (process.env.AE_SCREENSHOTS ? where.screenshot({ path: join(process.env.AE_SCREENSHOTS, `${name}.png`), fullPage: true }) : undefined)

before(async () => {
  system = await System.start()
  agent = await system.startAgent()
  const source = system.makeFiles(2, 300000)
  repository = await system.call('POST', '/restic/repositories', {
    name: 'main', type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: PASSWORD,
  })
  policy = await system.call('POST', '/restic/policies', {
    name: 'nightly', schedule: farSchedule(), include_paths: [source], repository_id: repository.id, retention_rules: { keep_last: 1, keep_daily: 7 },
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  await backUp()
  writeFileSync(join(source, 'file-0000.bin'), 'another')
  await backUp()
  browser = await launchBrowser()
  page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, colorScheme: 'light' })).newPage()
  page.on('pageerror', (error) => problems.push(error.message))
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('a person opens a repository, presses Check and sees what it found', async (t) => {
  try {
    await signIn(page, system.email, system.password)
    await page.click('nav >> text=Repositories')
    await page.waitForSelector('h1:has-text("One has never been checked.")')
    await picture(page, 'repositories')
    await page.click('a:has-text("main")')
    await page.waitForSelector('h1:has-text("“main” has never been checked for damage.")')
    assert.equal(await outcome('check').textContent(), 'Not done yet.')
    await page.click('[data-start=check]')
    await page.waitForSelector('h1:has-text("found no errors")', { timeout: 30000 })
    assert.equal(await outcome('check').textContent(), 'No errors were found.')
    await card('check').locator('[data-state=success]').waitFor()
    const exact = await card('check').locator('time').first().getAttribute('title')
    assert.match(exact, /\d{4}.*:\d\d/)
    const planned = (kind) => card(kind).locator('[data-test=planned]').textContent()
    assert.match(await planned('check'), /^\s*Every week: Saturday at 09:00 \(UTC\) · next /)
    assert.match(await planned('prune'), /^\s*Every week: Sunday at 08:00 \(UTC\) · next /)
    assert.match(await planned('forget'), /^\s*Every day at 06:30 \(UTC\) · next /)
    assert.match(await planned('stats'), /^\s*Every day at 05:00 \(UTC\) · next /)
    assert.equal(await card('snapshots').locator('[data-test=planned]').count(), 0)
  } catch (error) {
    await page.screenshot({ path: join(process.env.AE_BUILD_DIR ?? 'build', 'e2e-failure.png'), fullPage: true }).catch(() => undefined)
    t.diagnostic(system.logs())
    throw error
  }
})

test('size and snapshots are counted at the press of a button', async () => {
  await page.click('[data-start=stats]')
  await outcome('stats').filter({ hasText: /^The repository takes up [\d.]+ KiB\.$/ }).waitFor({ timeout: 30000 })
  await page.click('[data-start=snapshots]')
  await outcome('snapshots').filter({ hasText: 'The repository has 2 snapshots.' }).waitFor({ timeout: 30000 })
})

test('space is freed only after it was said what goes, and confirmed', async () => {
  await page.click('[data-start=prune]')
  await page.click('[data-retention=nightly] input')
  assert.match(await page.textContent('[data-retention=nightly]'), /the last one; one a day for 7 days/)
  assert.ok(await page.isDisabled('[data-test=prune]'), 'nothing goes before it is confirmed')
  await picture(page, 'free-space')
  await page.check('[data-test=sure]')
  await page.click('[data-test=prune]')
  await outcome('prune').filter({ hasText: /^One snapshot was removed; .+ were freed, .+ are left\.$/ }).waitFor({ timeout: 30000 })
  const left = await system.call('GET', '/restic/snapshots')
  assert.equal(left.items.length, 1)
})

test('old snapshots are removed without their space, by a policy that says what is kept', async () => {
  await backUp()
  await backUp()
  await page.click('[data-start=forget]')
  assert.ok(await page.isDisabled('[data-test=forget]'), 'nothing goes before a policy is chosen')
  await page.click('[data-retention=nightly] input')
  assert.ok(await page.isDisabled('[data-test=forget]'), 'nor before it is confirmed')
  await page.check('[data-test=sure]')
  await picture(page, 'forget')
  await page.click('[data-test=forget]')
  await outcome('forget').filter({ hasText: /^2 snapshots were removed\. Kept: 1\.$/ }).waitFor({ timeout: 30000 })
  assert.equal((await system.call('GET', '/restic/snapshots')).items.length, 1)
  assert.equal(await card('init').count(), 0, 'nothing is left to create')
})

test('a test says what is at the repository, and what to do where it is not', async () => {
  await backUp()
  await page.click('[data-start=test]')
  await outcome('test').filter({ hasText: /^The storage answers, and the repository opens with its password/ }).waitFor({ timeout: 30000 })
  renameSync(join(system.folder, 'repository'), join(system.folder, 'elsewhere'))
  await page.click('[data-start=test]')
  await outcome('test').filter({ hasText: /the repository that once worked there is gone/ }).waitFor({ timeout: 30000 })
  await card('test').locator('[data-test=hint]').filter({ hasText: /disk is mounted/ }).waitFor()
  renameSync(join(system.folder, 'elsewhere'), join(system.folder, 'repository'))
})

test('a lock that a killed restic left is removed', async () => {
  const holder = spawn('restic', ['backup', '--stdin'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, RESTIC_REPOSITORY: join(system.folder, 'repository'), RESTIC_PASSWORD: PASSWORD, RESTIC_CACHE_DIR: join(system.folder, 'cache') },
  })
  const locks = () => readdirSync(join(system.folder, 'repository/locks')).filter((name) => name.length === 64).length
  await until('the lock', async () => locks() === 1)
  const gone = new Promise((resolve) => holder.once('exit', resolve))
  holder.kill('SIGKILL')
  await gone
  await page.click('[data-start=locks]')
  await page.locator('[data-test=locks-sentence]').filter({ hasText: 'There was one lock' }).waitFor({ timeout: 30000 })
  const lock = page.locator('[data-lock]')
  assert.match(await lock.textContent(), new RegExp(`Shared.*process ${holder.pid}`))
  assert.match(await lock.textContent(), /Renewed within half an hour/)
  await picture(page, 'repository-lock')
  await page.click('[data-start=unlock]')
  await page.waitForSelector('dialog >> text=A lock whose holder may be at work stays')
  await picture(page, 'repository-unlock')
  assert.equal(locks(), 1, 'nothing is removed before it is confirmed')
  await page.click('[data-test=unlock]')
  await page.locator('[data-test=locks-outcome]').filter({ hasText: /removed/ }).waitFor({ timeout: 30000 })
  await page.locator('[data-test=locks-sentence]').filter({ hasText: 'Nobody held the repository' }).waitFor()
  assert.equal(locks(), 0)
})

test('a task that waits says for whom, and can be cancelled', async () => {
  await system.call('PUT', `/restic/agents/${agent}`, { paused: true })
  await page.click('[data-start=check]')
  await card('check').locator('[data-test=waits]').filter({ hasText: 'Waits for web-01, which is paused.' }).waitFor()
  assert.ok(await page.isDisabled('[data-start=check]'), 'one at a time')
  await picture(page, 'waiting')
  await card('check').locator('text=Cancel').click()
  await outcome('check').filter({ hasText: 'It was cancelled.' }).waitFor()
  await system.call('PUT', `/restic/agents/${agent}`, { paused: false })
})

test('damage is said with what restic said of it', async () => {
  // The packs of files: restic tries for a minute to read a tree that is not there.
  const data = join(system.folder, 'repository/data')
  for (const name of readdirSync(data, { recursive: true })) if (statSync(join(data, name)).size > 100000) rmSync(join(data, name), { force: true, recursive: false })
  await page.click('[data-start=check]')
  await outcome('check').filter({ hasText: /errors? (was|were) found/i }).waitFor({ timeout: 30000 })
  await card('check').locator('[data-state=failed]').waitFor()
  await page.waitForSelector('h1:has-text("found errors")')
  assert.match(await card('check').locator('[data-test=hint]').textContent(), /Free no space before this is mended/)
  await card('check').locator('summary').click()
  await card('check').locator('details li').first().waitFor({ state: 'attached' })
  await picture(page, 'repository-light')
  assert.deepEqual(problems, [])
})

test('a failure is said in the words of the API, with what to do', async () => {
  await system.call('PUT', `/restic/repositories/${repository.id}`, {
    name: 'main', type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: 'another one',
  })
  await page.click('[data-start=stats]')
  await outcome('stats').filter({ hasText: /^It failed: .*password/ }).waitFor({ timeout: 30000 })
  await card('stats').locator('[data-test=hint]').filter({ hasText: /^What to do: / }).waitFor()
})

test('a viewer sees all of it and presses nothing; in German, dark, on a phone', async () => {
  const invited = await system.call('POST', '/users', { email: 'viewer@example.org', role: 'viewer' })
  await fetch(`${system.url}/api/v1/auth/invitations/accept`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: invited.invitation.token, password: 'only to look 1' }),
  })
  const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 320, height: 740 }, colorScheme: 'dark' })
  const phone = await context.newPage()
  await signIn(phone, 'viewer@example.org', 'only to look 1')
  await phone.waitForSelector('h1:has-text("Fehler")')
  assert.match(await phone.textContent('[data-care=check] [data-test=outcome]'), /Fehler wurden? gefunden/)
  assert.match(await phone.textContent('[data-care=prune] [data-test=outcome]'), /^Ein Snapshot wurde entfernt/)
  assert.equal(await phone.locator('[data-start]').count(), 0)
  assert.equal(await overflow(phone), 0)
  await picture(phone, 'repository-phone-dark')
  await phone.goto(`${system.url}/repositories`)
  await phone.waitForSelector('td >> text=main')
  assert.equal(await overflow(phone), 0)
  await picture(phone, 'repositories-phone-dark')
  await context.close()
})

test('a new repository is created at the press of a button', async () => {
  const made = await system.call('POST', '/restic/repositories', {
    name: 'second', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'second') }, agent_id: agent, password: PASSWORD,
  })
  await page.goto(`${system.url}/repositories/${made.id}`)
  await page.click('[data-start=init]')
  await outcome('init').filter({ hasText: 'The repository was created.' }).waitFor({ timeout: 30000 })
  assert.ok(readdirSync(join(system.folder, 'second')).includes('config'))
})

test('a repository whose disk was emptied starts anew, once its name is typed', async () => {
  await system.call('PUT', `/restic/repositories/${repository.id}`, {
    name: 'main', type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: PASSWORD,
  })
  rmSync(join(system.folder, 'repository'), { recursive: true })
  system.exempt.snapshots = 'the disk was emptied, and nothing lists it afterwards'
  const backUpOnce = async () => {
    const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy.id })
    let task
    await until('the backup', async () => ['success', 'failed'].includes((task = await system.call('GET', `/restic/tasks/${id}`)).status), 60)
    return task
  }
  const guarded = await backUpOnce()
  assert.equal(guarded.error?.error, 'RepositoryNotFound', 'what once worked is never created by itself')
  await page.goto(`${system.url}/repositories/${repository.id}`)
  await page.click('[data-test=start-anew] button')
  await page.waitForSelector('dialog >> text=Snapshots that went with the old disk do not come back')
  assert.ok(await page.isDisabled('[data-test=confirm]'))
  await page.fill('[data-test=confirm-name]', 'Main')
  assert.ok(await page.isDisabled('[data-test=confirm]'), 'the name, and nothing like it')
  await page.fill('[data-test=confirm-name]', 'main')
  await picture(page, 'start-anew')
  await page.click('[data-test=confirm]')
  await page.waitForSelector('[data-test=start-anew] [role=status]')
  assert.equal((await system.call('GET', `/restic/repositories/${repository.id}`)).first_success_at, null)
  await picture(page, 'repository-anew')
  assert.equal((await backUpOnce()).status, 'success')
  assert.deepEqual(problems, [])
})

test('a repository on S3 is added by its fields, and what is wrong stands at its field', async () => {
  await page.goto(`${system.url}/repositories`)
  await page.click('[data-test=add-repository]')
  await page.fill('[data-test=name]', 'offsite')
  await page.selectOption('[data-test=kind]', 's3')
  await page.fill('[data-test=password]', PASSWORD)
  await page.fill('[data-field="/config/bucket"] input', '-oProxyCommand=x')
  await page.fill('[data-field="/config/secret_access_key"] input', 'canary of the key')
  await picture(page, 'repository-new-s3')
  await page.click('[data-test=add]')
  await page.waitForSelector('[data-field="/config/bucket"] >> text=must consist of')
  await picture(page, 'repository-new-wrong')
  await page.fill('[data-field="/config/bucket"] input', 'my-backup-bucket')
  await page.click('[data-test=care] summary')
  await page.fill('[data-test=prune_schedule]', '')
  await page.fill('[data-test=check_subset]', '500M')
  await page.click('[data-test=add]')
  await page.waitForSelector('[data-test=care] >> text=must be like 1/12')
  await picture(page, 'repository-new-care')
  await page.fill('[data-test=check_subset]', '1/4')
  await page.click('[data-test=add]')
  await page.waitForSelector('[data-field="/config/access_key_id"] >> text=is required with secret_access_key')
  await page.fill('[data-field="/config/access_key_id"] input', 'AKIAIOSFODNN7EXAMPLE')
  await page.click('[data-test=add]')
  await page.waitForURL(/repositories\/[0-9a-f-]{36}$/)
  await page.waitForSelector('text=s3:s3.amazonaws.com/my-backup-bucket')
  const made = (await system.call('GET', '/restic/repositories')).items.find((one) => one.name === 'offsite')
  assert.deepEqual(made.secret_fields, ['secret_access_key'])
  assert.ok(!JSON.stringify(made).includes('canary'))
  assert.equal(made.maintenance.forget_schedule, '30 6 * * *')
  assert.equal(made.maintenance.prune_schedule, '')
  assert.equal(made.maintenance.check_subset, '1/4')
  await page.waitForSelector('[data-care=prune] >> text=Not by itself.')
  const phone = await (await browser.newContext({ locale: 'de-DE', viewport: { width: 320, height: 740 }, colorScheme: 'dark' })).newPage()
  await signIn(phone, system.email, system.password)
  await phone.goto(`${system.url}/repositories/new`)
  await phone.selectOption('[data-test=kind]', 'sftp')
  await phone.waitForSelector('text=SSH-Schlüssel')
  await phone.click('[data-test=care] summary')
  await phone.waitForSelector('text=Jeden Tag um 06:30')
  await picture(phone, 'repository-new-phone')
  assert.equal(await overflow(phone), 0)
  await phone.context().close()
  assert.deepEqual(problems, [])
})

test('a repository is tested before it is added, from the machine that is chosen', async () => {
  const before = (await system.call('GET', '/restic/repositories')).items.length
  await page.goto(`${system.url}/repositories/new`)
  const said = page.locator('[data-test=tested] [data-test=outcome]')
  await page.fill('[data-test=name]', 'untried')
  await page.selectOption('[data-test=machine]', agent)
  await page.fill('[data-field="/config/path"] input', join(system.folder, 'untried'))
  await page.fill('[data-test=password]', PASSWORD)
  await page.click('[data-test=test]')
  await said.filter({ hasText: /^The storage answers that there is nothing at this place/ }).waitFor({ timeout: 30000 })
  await picture(page, 'repository-tested')
  await page.selectOption('[data-test=kind]', 'rest')
  assert.equal(await said.count(), 0, 'what was found is of what was tested')
  assert.equal(await page.inputValue('[data-test=tester]'), agent, 'one that is online is suggested')
  await page.fill('[data-field="/config/url"] input', 'http://127.0.0.1:1/')
  await page.click('[data-test=test]')
  await said.filter({ hasText: /^It failed: / }).waitFor({ timeout: 30000 })
  await page.locator('[data-test=tested] [data-test=hint]').filter({ hasText: /^What to do: / }).waitFor()
  await picture(page, 'repository-tested-wrong')
  const phone = await (await browser.newContext({ locale: 'de-DE', viewport: { width: 320, height: 740 }, colorScheme: 'dark' })).newPage()
  await signIn(phone, system.email, system.password)
  await phone.goto(`${system.url}/repositories/new`)
  await phone.selectOption('[data-test=kind]', 'rest')
  await phone.fill('[data-test=name]', 'untried')
  await phone.fill('[data-field="/config/url"] input', 'http://127.0.0.1:1/')
  await phone.fill('[data-test=password]', PASSWORD)
  await phone.click('[data-test=test]')
  await phone.locator('[data-test=tested] [data-test=hint]').filter({ hasText: /^Was zu tun ist: / }).waitFor({ timeout: 30000 })
  await picture(phone, 'repository-tested-phone')
  assert.equal(await overflow(phone), 0)
  await phone.context().close()
  assert.equal((await system.call('GET', '/restic/repositories')).items.length, before, 'nothing is saved')
  // The card of one that is saved has the choice too, where it is not of one machine's disk.
  const offsite = (await system.call('GET', '/restic/repositories')).items.find((one) => one.name === 'offsite')
  await page.goto(`${system.url}/repositories/${offsite.id}`)
  await page.selectOption('[data-test=tester]', agent)
  await picture(page, 'repository-tester')
  await page.click('[data-start=test]')
  await outcome('test').filter({ hasText: /^It failed: / }).waitFor({ timeout: 60000 })
  assert.deepEqual(problems, [])
})

test('who is no admin is not offered to start anew', async () => {
  const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 320, height: 740 } })
  const viewer = await context.newPage()
  await signIn(viewer, 'viewer@example.org', 'only to look 1')
  assert.equal(await viewer.locator('[data-test=start-anew]').count(), 0)
  await context.close()
})

test('why something is not safe is said in German on a German page', async () => {
  const place = await system.call('POST', '/restic/repositories', {
    name: 'third', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'third') }, agent_id: agent, password_file: join(system.folder, 'no-such-file'),
  })
  const other = await system.call('POST', '/restic/policies', {
    name: 'hourly', schedule: farSchedule(), include_paths: [system.folder], repository_id: place.id, retention_rules: { keep_last: 1 },
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${other.id}`)
  const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: other.id })
  await until('its end', async () => (await system.call('GET', `/restic/tasks/${id}`)).status === 'failed', 60)
  const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 1280, height: 800 } })
  const german = await context.newPage()
  await signIn(german, system.email, system.password)
  const sentence = `Die Passwortdatei ${join(system.folder, 'no-such-file')} gibt es auf diesem Rechner nicht.`
  await german.goto(system.url)
  await german.waitForSelector(`li >> text=${sentence}`)
  // What the checks before found of the other one counts as well.
  const troubled = (await system.call('GET', '/restic/status')).filter((one) => one.status !== 'healthy')
  assert.match(await german.textContent('[data-test=summary]'), troubled.length === 1 ? /Eines braucht Aufmerksamkeit/ : new RegExp(`${troubled.length} brauchen Aufmerksamkeit`))
  await picture(german, 'dashboard-german')
  // What restic itself says is nobody's to translate.
  assert.doesNotMatch(await german.textContent('main'), /The password|restic check found/)
  await german.goto(`${system.url}/runs/${id}`)
  await german.waitForSelector(`h1:has-text("${sentence}")`)
  assert.doesNotMatch(await german.textContent('h1'), /does not exist/)
  await picture(german, 'run-german')
  await context.close()
})
