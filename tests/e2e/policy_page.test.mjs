// What a policy promises: seen, changed by two at once, inherited, switched off, and deleted.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, counted, journey, overflow, picture } from '../support/journey.mjs'
import { farMaintenance, System, until } from '../support/system.mjs'

let system
let browser
let page
let agent
let repository
let policy
const problems = []
const step = journey(() => page, () => system)

async function signedIn(address, options = {}, email = system.email, password = system.password) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options })
  const made = await context.newPage()
  made.on('pageerror', (error) => problems.push(error.message))
  await made.goto(system.url + address)
  await made.fill('#email', email)
  await made.fill('#password', password)
  await made.click('form button')
  return made
}
const now = () => system.call('GET', `/restic/policies/${policy.id}`)
const h1 = (where, text) => where.locator('h1').filter({ hasText: text }).waitFor({ timeout: 20000 })

before(async () => {
  system = await System.start()
  agent = await system.startAgent()
  const source = system.makeFiles(2, 30000)
  repository = await system.call('POST', '/restic/repositories', { name: 'nas', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: 'correct horse battery' })
  policy = await system.call('POST', '/restic/policies', {
    name: 'nightly', schedule: '0 2 1 1 *', timezone: 'Asia/Tokyo', include_paths: [source, '/etc', '/opt'], exclude_paths: ['*.log'],
    repository_id: repository.id, retention_rules: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 },
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('the list leads to it, and its first line says what is promised', step(async () => {
  page = await signedIn('/policies')
  await page.click('td >> text=nightly')
  await page.waitForURL(/policies\/[0-9a-f-]{36}$/)
  await h1(page, 'nightly backs up 3 folders of web-01 on the 1st of January at 02:00 and keeps 7 days, 4 weeks, 12 months.')
  await page.locator('[data-test=facts] [data-test=words]').filter({ hasText: '(Asia/Tokyo)' }).waitFor()
  await counted(page.locator('[data-test=facts] [data-test=runs] li'), 3)
  await page.locator('[data-agent=web-01] [data-light=backup]').waitFor()
  assert.equal(await page.getAttribute('[data-test=effective] [data-option=timezone]', 'data-origin'), 'policy')
  assert.equal(await page.getAttribute('[data-test=effective] [data-option=priority]', 'data-origin'), 'default')
  await page.locator('[data-test=versions] li').first().waitFor()
  await accessible(page)
  await picture(page, 'policy')
}))

test('an agent backs up now, and the page tells of it', step(async () => {
  await page.click('[data-agent=web-01] [data-test=back-up]')
  await page.waitForURL(/runs\//)
  await page.waitForSelector('[data-state=success]', { timeout: 60000 })
  await page.click('main >> text=nightly')
  await page.waitForURL(/policies\/[0-9a-f-]{36}$/)
  await page.locator('[data-test=last-run] [data-state=success]').waitFor()
  await page.locator('[data-agent=web-01] [data-light=backup][data-light-state=ok]').waitFor()
}))

test('defaults of the tenant hold where the policy says nothing', step(async () => {
  await page.goto(`${system.url}/policies`)
  await page.click('[data-test=defaults]')
  await page.click('dialog [data-option=priority] [data-test=set]')
  await page.fill('dialog [data-option=priority] input', '8')
  await picture(page, 'policy-defaults')
  await accessible(page)
  await page.click('dialog [data-test=save-defaults]')
  await page.waitForSelector('dialog', { state: 'detached' })
  await page.click('td >> text=nightly')
  await page.locator('[data-test=effective] [data-option=priority][data-origin=tenant]').filter({ hasText: '8 of 10' }).waitFor()
}))

test('the editor shows what is inherited, and sends only what is set', step(async () => {
  await page.click('[data-test=edit]')
  await page.waitForSelector('[data-test=save]')
  assert.equal(await page.inputValue('#name'), 'nightly')
  assert.equal(await page.inputValue('#repository'), repository.id)
  await page.click('[data-test=more] summary')
  await page.locator('[data-option=priority] [data-test=inherited]').filter({ hasText: '8 of 10 · from your defaults' }).waitFor()
  await page.click('[data-option=jitter_minutes] [data-test=set]')
  await page.fill('[data-option=jitter_minutes] input', '30')
  await page.click('[data-option=blackout_windows] [data-test=set]')
  await page.click('[data-option=blackout_windows] [data-test=add-window]')
  await page.locator('[data-window="0"]').getByLabel('Monday').check()
  await page.locator('[data-test=summary-in-words]').filter({ hasText: 'nightly backs up 3 folders' }).waitFor()
  await accessible(page)
  await picture(page, 'policy-edit')
  await page.click('[data-test=save]')
  await page.waitForURL(/policies\/[0-9a-f-]{36}$/)
  await page.locator('[data-test=effective] [data-option=jitter_minutes][data-origin=policy]').filter({ hasText: 'up to 30 minutes later' }).waitFor()
  const { origins, blackout_windows: windows, enabled } = await now()
  assert.deepEqual([origins.jitter_minutes, origins.priority, origins.catch_up, enabled], ['policy', 'tenant', 'default', true])
  assert.deepEqual(windows, [{ days: ['mon'], from: '08:00', to: '18:00' }])
  await page.locator('[data-test=versions] li').filter({ hasText: 'Quiet hours' }).waitFor()
}))

test('an error stands at its field', step(async () => {
  await page.click('[data-test=edit]')
  await page.fill('#paths', 'relative/path')
  await page.click('[data-test=save]')
  await page.locator('[data-field="/include_paths"]').filter({ hasText: '1: must be an absolute path' }).waitFor()
  await picture(page, 'policy-edit-wrong')
}))

test('who was slower loses nothing, and takes over what only the other changed', step(async () => {
  await page.fill('#paths', '/home')
  const { id: _, origins: _o, unassigned: _u, agents: _a, awaiting_adoption: _w, repository_url: _r, repository_type: _t, repository_config: _c, last_run_status: _l, last_run_at: _m, next_run_at: _n, created_at: _d, updated_at: _e, ...input } = await now()
  await system.call('PUT', `/restic/policies/${policy.id}`, { ...input, include_paths: ['/srv'], exclude_paths: ['*.tmp'] })
  await page.click('[data-test=save]')
  const merged = page.locator('[data-test=merged]')
  await merged.filter({ hasText: 'Both of you changed: What.' }).waitFor()
  await merged.filter({ hasText: 'Without' }).waitFor()
  await picture(page, 'policy-edit-merged')
  assert.equal(await page.inputValue('#paths'), '/home')
  assert.equal(await page.inputValue('#excludes'), '*.tmp')
  await page.click('[data-test=save]')
  await page.waitForURL(/policies\/[0-9a-f-]{36}$/)
  await h1(page, 'nightly backs up /home of web-01')
  assert.deepEqual((await now()).exclude_paths, ['*.tmp'])
}))

test('one agent has an option of its own', step(async () => {
  await page.click('[data-agent=web-01] [data-test=options]')
  await page.click('dialog [data-option=limit_upload_kib] [data-test=set]')
  await page.fill('dialog [data-option=limit_upload_kib] input', '1024')
  await picture(page, 'policy-agent-options')
  await page.click('dialog [data-test=save-options]')
  await page.locator('[data-agent=web-01]').filter({ hasText: 'one option of its own' }).waitFor()
  assert.equal((await system.call('GET', `/restic/agents/${agent}/policies/${policy.id}/options`)).origins.limit_upload_kib, 'link')
}))

test('rules that keep less are tried at the agents before they are saved', step(async () => {
  await page.click('[data-test=edit]')
  await page.fill('[data-field="/retention_rules/keep_daily"] input', '5')
  await page.click('[data-test=save]')
  await page.locator('dialog [data-trial=web-01]').filter({ hasText: '1 stay, 0 go' }).waitFor({ timeout: 30000 })
  assert.equal((await now()).retention_rules.keep_daily, 7)
  await accessible(page)
  await picture(page, 'policy-retention-trial')
  await page.click('dialog [data-test=confirm-retention]')
  await page.waitForURL(/policies\/[0-9a-f-]{36}$/)
  assert.equal((await now()).retention_rules.keep_daily, 5)
}))

test('on a phone, in German and in the dark, nothing is cut off', step(async () => {
  const phone = await signedIn(`/policies/${policy.id}`, { locale: 'de-DE', viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
  await h1(phone, 'nightly sichert /home von web-01 am 1. im Januar um 02:00 und behält 5 Tage, 4 Wochen, 12 Monate.')
  await phone.locator('[data-agent=web-01] [data-light=backup]').waitFor()
  assert.equal(await overflow(phone), 0)
  await accessible(phone)
  await picture(phone, 'policy-phone')
  await phone.goto(`${system.url}/policies/${policy.id}/edit`)
  await phone.click('[data-test=more] summary')
  await phone.locator('[data-option=post_hook]').waitFor()
  assert.equal(await overflow(phone), 0)
  await accessible(phone)
  await picture(phone, 'policy-edit-phone')
  await phone.context().close()
}))

test('one agent that is to keep less is tried first, and so the defaults are asked about', step(async () => {
  await page.click('[data-agent=web-01] [data-test=options]')
  await page.click('dialog [data-option=retention_rules] [data-test=set]')
  await page.fill('dialog [data-field="/retention_rules/keep_daily"] input', '2')
  await page.click('dialog [data-test=save-options]')
  await page.locator('dialog [data-trial=web-01]').filter({ hasText: '1 stay, 0 go' }).waitFor({ timeout: 30000 })
  await accessible(page)
  await picture(page, 'policy-agent-trial')
  const options = `/restic/agents/${agent}/policies/${policy.id}/options`
  assert.equal((await system.call('GET', options)).origins.retention_rules, 'policy')
  await page.click('dialog [data-test=confirm-retention]')
  await page.waitForSelector('dialog', { state: 'detached' })
  assert.equal((await system.call('GET', options)).effective.retention_rules.keep_daily, 2)
  await system.call('PUT', options, { limit_upload_kib: 1024 })

  await system.call('PUT', `/restic/policies/${policy.id}`, { name: 'nightly', schedule: '0 2 1 1 *', timezone: 'Asia/Tokyo', include_paths: ['/home'], exclude_paths: ['*.tmp'], repository_id: repository.id, confirm_removal: true })
  await page.goto(`${system.url}/policies`)
  await page.click('[data-test=defaults]')
  await page.click('dialog [data-option=retention_rules] [data-test=set]')
  await page.fill('dialog [data-field="/retention_rules/keep_last"] input', '1')
  await page.click('dialog [data-test=save-defaults]')
  await page.check('dialog [data-test=sure]')
  await accessible(page)
  await picture(page, 'policy-defaults-sure')
  await page.click('dialog [data-test=save-defaults]')
  await page.waitForSelector('dialog', { state: 'detached' })
  assert.equal((await now()).retention_rules.keep_last, 1)
  await page.goto(`${system.url}/policies/${policy.id}`)
}))

test('who may only look sees no button', step(async () => {
  const invited = await system.call('POST', '/users', { email: 'viewer@example.org', role: 'viewer' })
  const accepted = await fetch(`${system.url}/api/v1/auth/invitations/accept`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token: invited.invitation.token, password: 'only to look 1' }) })
  assert.ok(accepted.ok)
  const other = await signedIn(`/policies/${policy.id}`, {}, 'viewer@example.org', 'only to look 1')
  await other.locator('[data-agent=web-01] [data-light=backup]').waitFor()
  for (const button of ['edit', 'back-up-all', 'back-up', 'unlink', 'link-agent', 'danger']) assert.equal(await other.locator(`[data-test=${button}]`).count(), 0, button)
  await other.click('[data-agent=web-01] [data-test=options]')
  await other.locator('dialog [data-option=limit_upload_kib][data-origin=link]').waitFor()
  await other.context().close()
}))

test('it is switched off, unlinked and deleted by its name', step(async () => {
  await page.click('[data-test=switch]')
  await h1(page, 'nightly is switched off: it backs up nothing.')
  await page.click('[data-test=switch]')
  await h1(page, 'nightly backs up /home')
  await page.click('[data-test=remove]')
  await page.fill('[data-test=confirm-name]', 'nightly')
  await page.click('[data-test=confirm]')
  await page.locator('dialog .alert-error').waitFor()
  await picture(page, 'policy-in-use')
  await page.click('dialog [data-test=cancel]')
  await page.click('[data-test=unlink]')
  await h1(page, 'No agent follows nightly: it backs up nothing.')
  await page.selectOption('[data-test=link-agent] select', agent)
  await page.click('[data-test=link-agent] button')
  await page.locator('[data-agent=web-01]').waitFor()
  await page.click('[data-test=unlink]')
  await h1(page, 'No agent follows nightly')
  await page.click('[data-test=remove]')
  await page.fill('[data-test=confirm-name]', 'nightly')
  await page.click('[data-test=confirm]')
  await page.waitForURL(/policies$/)
  await until('it is gone', async () => (await system.call('GET', '/restic/policies')).items.length === 0)
  assert.deepEqual(problems, [])
}))
