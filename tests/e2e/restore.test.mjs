// Files are lost and come back: chosen ones, into another folder, where they were only as far as the machine allows it.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, journey, overflow, picture } from '../support/journey.mjs'
import { farMaintenance, System, until } from '../support/system.mjs'

let system
let browser
let page
let repository
let source
const problems = []
const step = journey(() => page, () => system)

async function signedIn(address, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options })
  const made = await context.newPage()
  made.on('pageerror', (error) => problems.push(error.message))
  await made.goto(system.url + address)
  await made.fill('#email', system.email)
  await made.fill('#password', system.password)
  await made.click('form button')
  return made
}
const dialog = (part) => page.locator(`dialog [data-test=${part}]`)

before(async () => {
  system = await System.start()
  const agent = await system.startAgent()
  source = system.makeFiles(3, 20000)
  mkdirSync(join(source, 'letters'))
  writeFileSync(join(source, 'letters', 'to ada [draft]*.txt'), 'Dear Ada,')
  writeFileSync(join(source, 'letters', 'to ada.txt'), 'another one')
  repository = await system.call('POST', '/restic/repositories', { name: 'nas', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: 'correct horse battery' })
  const policy = await system.call('POST', '/restic/policies', { name: 'nightly', schedule: '0 2 1 1 *', include_paths: [source], repository_id: repository.id })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy.id })
  await until('the backup', async () => (await system.call('GET', `/restic/tasks/${id}`)).status === 'success', 60)
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('a lost file is chosen by its name, and comes back into another folder', step(async () => {
  rmSync(join(source, 'letters'), { recursive: true })
  page = await signedIn(`/repositories/${repository.id}`)
  await page.click('[data-test=restore-files]')
  assert.ok(await dialog('restore').isDisabled(), 'nothing says where to')
  await dialog('chosen').check()
  await dialog('restore-paths').fill(join(source, 'letters', 'to ada [draft]*.txt'))
  await dialog('restore-target').fill(join(system.folder, 'restored'))
  await accessible(page)
  await picture(page, 'restore-form')
  await dialog('restore').click()
  await dialog('restored').filter({ hasText: 'Restored into' }).waitFor({ timeout: 60000 })
  await page.locator('dialog').filter({ hasText: 'compared with the snapshot' }).waitFor()
  await accessible(page)
  await picture(page, 'restore-done')
  assert.deepEqual(readdirSync(join(system.folder, 'restored', source, 'letters')), ['to ada [draft]*.txt'])
  assert.equal(readFileSync(join(system.folder, 'restored', source, 'letters', 'to ada [draft]*.txt'), 'utf8'), 'Dear Ada,')
  await dialog('close').click()
}))

test('where it was is asked about, and what the machine forbids is said', step(async () => {
  await page.click('[data-test=restore-files]')
  await dialog('in-place').check()
  assert.ok(await dialog('restore').isDisabled(), 'nobody has said that it may be replaced')
  await dialog('sure').check()
  await dialog('restore').click()
  await page.locator('dialog .alert-error, dialog [data-test=failure]').first().waitFor({ timeout: 60000 })
  await picture(page, 'restore-forbidden')
  assert.ok(!existsSync(join(source, 'letters')))
  await dialog('again').click()
  assert.ok(await dialog('in-place').isChecked(), 'what was chosen is still there')
}))

test('what is wrong stands at its field', step(async () => {
  await page.locator('dialog input[type=radio]').nth(2).check()
  await dialog('restore-target').fill('/no/such/../place')
  await dialog('restore').click()
  await page.locator('dialog [data-test=problem]').first().waitFor()
  await picture(page, 'restore-wrong')
}))

test('a snapshot is tried, and nothing of it stays', step(async () => {
  page = await signedIn(`/repositories/${repository.id}`)
  await page.click('[data-test=test-files]')
  await dialog('test-all').check()
  await accessible(page)
  await picture(page, 'test-form')
  await dialog('start-test').click()
  await dialog('test-outcome').filter({ hasText: '5 of 5 files came back as they were saved' }).waitFor({ timeout: 60000 })
  await page.locator('dialog').filter({ hasText: 'written or removed there since: 2' }).waitFor()
  await accessible(page)
  await picture(page, 'test-done')
  await dialog('close').click()
}))

test('on a phone, in German and in the dark, nothing is cut off', step(async () => {
  const phone = await signedIn(`/repositories/${repository.id}`, { locale: 'de-DE', viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
  await phone.click('[data-test=restore-files]')
  await phone.locator('dialog h2, dialog h1').filter({ hasText: 'Dateien wiederherstellen' }).waitFor()
  assert.ok((await overflow(phone)) <= 0, 'a dialog takes the bar away')
  await accessible(phone)
  await picture(phone, 'restore-phone')
  await phone.context().close()
  assert.deepEqual(problems, [])
}))
