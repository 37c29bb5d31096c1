// A repository that is changed: its password, and what its form says.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { farMaintenance, farSchedule, System, until } from '../support/system.mjs'

const PASSWORD = 'correct horse battery'
const TOMORROW = 'staple of tomorrow 1'
let system
let browser
let page
let agent
let repository
const problems = []
const picture = (where, name) => (process.env.AE_SCREENSHOTS ? where.screenshot({ path: join(process.env.AE_SCREENSHOTS, `${name}.png`), fullPage: true }) : undefined)
const overflow = (where) => where.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
const place = () => join(system.folder, 'repository')
function opens(password) {
  try {
    execFileSync('restic', ['cat', 'config', '--no-lock', '--no-cache'], { env: { ...process.env, RESTIC_REPOSITORY: place(), RESTIC_PASSWORD: password }, stdio: ['ignore', 'pipe', 'pipe'] })
    return true
  } catch (error) {
    assert.match(String(error.stderr), /wrong password/)
    return false
  }
}
async function signIn(where, address, email = system.email, password = system.password) {
  await where.goto(system.url + address)
  await where.fill('#email', email)
  await where.fill('#password', password)
  await where.click('form button')
}
async function phoneAt(address) {
  const phone = await (await browser.newContext({ locale: 'de-DE', viewport: { width: 320, height: 740 }, colorScheme: 'dark' })).newPage()
  phone.on('pageerror', (error) => problems.push(error.message))
  await signIn(phone, address)
  return phone
}

before(async () => {
  system = await System.start()
  agent = await system.startAgent()
  const source = system.makeFiles(2, 30000)
  repository = await system.call('POST', '/restic/repositories', { name: 'main', maintenance: farMaintenance(), type: 'local', config: { path: place() }, agent_id: agent, password: PASSWORD })
  const policy = await system.call('POST', '/restic/policies', {
    name: 'nightly', schedule: farSchedule(), include_paths: [source], repository_id: repository.id, retention_rules: { keep_last: 1 },
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy.id })
  await until('the backup', async () => (await system.call('GET', `/restic/tasks/${id}`)).status === 'success', 60)
  browser = await launchBrowser()
  page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, colorScheme: 'light' })).newPage()
  page.on('pageerror', (error) => problems.push(error.message))
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('an administrator changes the password and sees both halves of it', async (t) => {
  try {
    await signIn(page, `/repositories/${repository.id}`)
    await page.click('[data-test=new-password]')
    await page.fill('[data-test=wanted]', TOMORROW)
    await page.fill('[data-test=again]', 'something else')
    await page.waitForSelector('dialog [data-test=differs]')
    assert.ok(await page.isDisabled('[data-test=change]'))
    await picture(page, 'password-differs')
    // The host says what is wrong with one, at its field.
    await page.fill('[data-test=wanted]', PASSWORD)
    await page.fill('[data-test=again]', PASSWORD)
    await page.click('[data-test=change]')
    await page.waitForSelector('dialog >> text=is the one that the repository has')
    await page.fill('[data-test=wanted]', TOMORROW)
    await page.fill('[data-test=again]', TOMORROW)
    await page.click('[data-test=change]')
    await page.locator('dialog [data-half=add_key]').filter({ hasText: 'The new password opens the repository.' }).waitFor({ timeout: 60000 })
    await page.locator('dialog [data-half=remove_key]').filter({ hasText: 'The old password no longer opens it.' }).waitFor({ timeout: 60000 })
    await picture(page, 'password-changed')
    await page.click('dialog [data-test=close]')
    await page.locator('[data-test=password] [data-half=remove_key]').waitFor()
    system.repositories.get(repository.id).password = TOMORROW
    assert.ok(opens(TOMORROW))
    assert.ok(!opens(PASSWORD))
    assert.deepEqual(problems, [])
  } catch (error) {
    await page.screenshot({ path: join(process.env.AE_BUILD_DIR ?? 'build', 'e2e-failure.png'), fullPage: true }).catch(() => undefined)
    t.diagnostic(system.logs())
    throw error
  }
})

test('a repository is edited by the form that adds one, and what is secret stays', async () => {
  await page.click('[data-test=edit]')
  await page.waitForSelector('h1:has-text("What you change holds from the next task on.")')
  assert.equal(await page.inputValue('[data-test=name]'), 'main')
  assert.equal(await page.inputValue('[data-field="/config/path"] input'), place())
  assert.equal(await page.inputValue('[data-test=password]'), '')
  assert.ok(await page.isDisabled('[data-test=test]'), 'what is kept cannot be tested from here')
  await picture(page, 'repository-edit')
  await page.fill('[data-test=password]', TOMORROW)
  await page.click('[data-test=test]')
  await page.locator('[data-test=tested] [data-test=outcome]').filter({ hasText: /^The storage answers, and the repository opens/ }).waitFor({ timeout: 30000 })
  await page.fill('[data-test=password]', '')
  await page.fill('[data-test=name]', 'primary')
  await page.click('[data-test=care] summary')
  await page.fill('[data-test=prune_schedule]', '')
  await page.click('[data-test=save]')
  await page.waitForURL(/repositories\/[0-9a-f-]{36}$/)
  await page.waitForSelector('h1:has-text("primary")')
  const changed = await system.call('GET', `/restic/repositories/${repository.id}`)
  assert.equal(changed.name, 'primary')
  assert.equal(changed.maintenance.prune_schedule, '')
  assert.equal(changed.maintenance.forget_schedule, repository.maintenance.forget_schedule)
  await page.click('[data-start=test]')
  await page.locator('[data-care=test] [data-test=outcome]').filter({ hasText: /opens with its password/ }).waitFor({ timeout: 30000 })
})

test('who was slower is told, and sees what is there now', async () => {
  await page.click('[data-test=edit]')
  await page.waitForSelector('[data-test=save]')
  await system.call('PUT', `/restic/repositories/${repository.id}`, { name: 'faster', type: 'local', config: { path: place() }, agent_id: agent })
  await page.fill('[data-test=name]', 'slower')
  await page.click('[data-test=save]')
  await page.locator('[role=alert]').first().waitFor()
  await picture(page, 'repository-edit-conflict')
  await page.click('[role=alert] button')
  await page.waitForFunction(() => document.querySelector('[data-test=name]')?.value === 'faster')
  assert.equal((await system.call('GET', `/restic/repositories/${repository.id}`)).name, 'faster')
})

test('secrets of a storage are kept, and whoever gives another address gives them again', async () => {
  const offsite = await system.call('POST', '/restic/repositories', {
    name: 'offsite', maintenance: farMaintenance(), type: 's3', password: PASSWORD,
    config: { endpoint: 'https://storage.example.com', bucket: 'backups', access_key_id: 'KEY', secret_access_key: 'canary of the key' },
  })
  await page.goto(`${system.url}/repositories/${offsite.id}/edit`)
  await page.waitForSelector('[data-field="/config/secret_access_key"] >> text=Kept; type to replace')
  await page.waitForSelector('[data-test=address-hint]')
  await page.fill('[data-field="/config/bucket"] input', 'elsewhere')
  await page.click('[data-test=save]')
  await page.waitForSelector('[data-field="/config/secret_access_key"] >> text=is required again')
  await picture(page, 'repository-edit-address')
  await page.fill('[data-field="/config/secret_access_key"] input', 'canary of another key')
  await page.click('[data-test=save]')
  await page.waitForURL(/repositories\/[0-9a-f-]{36}$/)
  await page.waitForSelector('text=s3:https://storage.example.com/elsewhere')
  const phone = await phoneAt(`/repositories/${offsite.id}/edit`)
  await phone.waitForSelector('text=Aufgehoben; zum Ersetzen neu tippen')
  assert.equal(await overflow(phone), 0)
  await picture(phone, 'repository-edit-phone')
  await phone.goto(`${system.url}/repositories/${repository.id}`)
  await phone.locator('[data-test=password] [data-half=remove_key]').filter({ hasText: 'Das alte Passwort öffnet es nicht mehr.' }).waitFor()
  await phone.click('[data-test=new-password]')
  await phone.waitForSelector('dialog [data-test=wanted]')
  assert.ok((await overflow(phone)) <= 0)
  await picture(phone, 'password-phone')
  await phone.context().close()
  assert.deepEqual(problems, [])
})

test('who may not is offered neither', async () => {
  const invited = await system.call('POST', '/users', { email: 'operator@example.org', role: 'operator' })
  await fetch(`${system.url}/api/v1/auth/invitations/accept`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: invited.invitation.token, password: 'only to work 1' }),
  })
  const other = await (await browser.newContext({ locale: 'en-US' })).newPage()
  await signIn(other, `/repositories/${repository.id}`, 'operator@example.org', 'only to work 1')
  await other.waitForSelector('[data-start=check]')
  assert.equal(await other.locator('[data-test=edit]').count(), 0)
  assert.equal(await other.locator('[data-test=password]').count(), 0)
  await other.context().close()
})
