// Somebody has lost a file: it is looked for in all snapshots, looked at in its folder, compared, and brought back.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { accessible, counted, journey, overflow, picture } from '../support/journey.mjs'
import { farMaintenance, System, until } from '../support/system.mjs'

let system
let browser
let page
let source
let newest
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
const row = (name) => page.locator('[data-test=tree] [data-row]', { hasText: name })
async function bringBack(into) {
  await page.locator('dialog [data-test=restore-target]').fill(join(system.folder, into))
  await page.locator('dialog [data-test=restore]').click()
  await page.locator('dialog [data-test=restored]').waitFor({ timeout: 60000 })
}

before(async () => {
  system = await System.start()
  const agent = await system.startAgent()
  source = system.makeFiles(3, 20000)
  mkdirSync(join(source, 'letters/old'), { recursive: true })
  const letter = (name, text) => writeFileSync(join(source, 'letters', name), text)
  letter('To Ada [draft]*.txt', 'Dear Ada,')
  letter('lost.txt', 'first')
  letter('line\nbreak', 'two lines')
  const repository = await system.call('POST', '/restic/repositories', { name: 'nas', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: 'correct horse battery' })
  const policy = await system.call('POST', '/restic/policies', { name: 'nightly', schedule: '0 2 1 1 *', include_paths: [source], repository_id: repository.id, tags: ['letters'] })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  const backUp = async () => {
    const { id } = await system.call('POST', '/restic/tasks', { type: 'backup', agent_id: agent, policy_id: policy.id })
    await until('the backup', async () => (await system.call('GET', `/restic/tasks/${id}`)).status === 'success', 60)
  }
  await backUp()
  letter('lost.txt', 'second, and longer')
  letter('new.txt', 'new')
  await backUp()
  newest = (await system.call('GET', '/restic/snapshots')).items[0]
  rmSync(join(source, 'letters'), { recursive: true })
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('what was lost is found in all snapshots by its name, and comes back', step(async () => {
  page = await signedIn('/snapshots')
  await page.locator('h1').filter({ hasText: '2 snapshots are known.' }).waitFor()
  await page.fill('[data-test=find-pattern]', 'LOST.txt')
  await page.click('[data-test=find-start]')
  await page.locator('[data-test=found-count]').filter({ hasText: 'Found 2 times, in 2 snapshots.' }).waitFor({ timeout: 60000 })
  await page.locator('[data-test=found] [data-test=restore-found]').nth(1).waitFor()
  await accessible(page)
  await picture(page, 'find')
  await page.locator('[data-test=found] [data-row]', { hasText: '18 B' }).locator('[data-test=restore-found]').click()
  await bringBack('found')
  assert.equal(readFileSync(join(system.folder, 'found', source, 'letters/lost.txt'), 'utf8'), 'second, and longer')
  await page.click('dialog [data-test=close]')
  await page.fill('[data-test=find-pattern]', 'never was')
  await page.click('[data-test=find-start]')
  await page.locator('[data-test=found-nothing]').waitFor({ timeout: 60000 })
}))

test('the list is asked for a machine, a tag, a path and a day', step(async () => {
  const rows = page.locator('[data-row]:not([data-test=found] *)')
  for (const [field, wrong, right] of [['by-host', 'nobody', newest.hostname], ['by-tag', 'letter', 'letters'], ['by-path', '/nowhere', join(source, 'letters/lost.txt')]]) {
    await page.fill(`[data-test=${field}]`, wrong)
    await page.keyboard.press('Enter')
    await counted(rows, 0)
    await page.fill(`[data-test=${field}]`, right)
    await page.keyboard.press('Enter')
    await counted(rows, 2)
  }
  await page.fill('[data-test=by-until]', '2001-01-01')
  await counted(rows, 0)
  await page.fill('[data-test=by-until]', '')
  await counted(rows, 2)
  await picture(page, 'snapshots')
}))

test('a snapshot is looked into, folder by folder', step(async () => {
  await page.locator('main table').last().locator('[data-row] a').first().click()
  await page.waitForURL(/snapshots\/[0-9a-f-]{36}/)
  await page.locator('h1').filter({ hasText: 'saved' }).waitFor()
  await row('letters').locator('[data-test=open]').click({ timeout: 60000 })
  await row('lost.txt').waitFor({ timeout: 60000 })
  await row('18 B').waitFor()
  await row('line').waitFor()
  await accessible(page)
  await picture(page, 'snapshot')
  await row('old').locator('[data-test=open]').click()
  await page.locator('[data-test=empty-folder]').waitFor({ timeout: 60000 })
  await page.goBack()
  await row('lost.txt').waitFor({ timeout: 3000 })
  assert.match(new URL(page.url()).searchParams.get('path'), /letters$/)
}))

test('chosen files come back as they are called, whatever their names', step(async () => {
  await row('To Ada').locator('[data-test=choose]').check()
  await row('line').locator('[data-test=choose]').check()
  await page.click('[data-test=restore-chosen]')
  await counted(page.locator('dialog [data-test=restore-these] li'), 2)
  await accessible(page)
  await bringBack('chosen')
  assert.equal(readFileSync(join(system.folder, 'chosen', source, 'letters', 'To Ada [draft]*.txt'), 'utf8'), 'Dear Ada,')
  assert.equal(readFileSync(join(system.folder, 'chosen', source, 'letters', 'line\nbreak'), 'utf8'), 'two lines')
  await page.click('dialog [data-test=close]')
}))

test('a file has versions, and an older one comes back', step(async () => {
  await row('lost.txt').locator('[data-test=versions]').click()
  await counted(page.locator('dialog [data-row]'), 2)
  await page.locator('dialog [data-row]', { hasText: '5 B' }).waitFor({ timeout: 60000 })
  await accessible(page)
  await picture(page, 'versions')
  await page.locator('dialog [data-row]', { hasText: '5 B' }).locator('[data-test=restore-found]').click()
  await bringBack('older')
  assert.equal(readFileSync(join(system.folder, 'older', source, 'letters/lost.txt'), 'utf8'), 'first')
  await page.locator('dialog[aria-label="Restore files"] [data-test=close]').click()
  await page.locator('dialog [data-test=close]').click()
}))

test('what changed since the snapshot before is told', step(async () => {
  await page.click('[data-test=compare-start]')
  await page.locator('[data-test=counted]').filter({ hasText: /1 changed, 1 \(.*\) added, 0 removed\./ }).waitFor({ timeout: 60000 })
  await page.locator('[data-test=changes] [data-row]', { hasText: 'new.txt' }).locator('[data-change=added]').waitFor()
  await page.locator('[data-test=changes] [data-row]', { hasText: 'lost.txt' }).locator('[data-change=content]').waitFor()
  await accessible(page)
  await picture(page, 'compare')
}))

test('it is pinned, and then nobody can remove it', step(async () => {
  await page.click('[data-test=pin]')
  await page.locator('[data-tag=pinned]').waitFor({ timeout: 60000 })
  assert.ok(await page.locator('[data-test=danger] [data-test=remove]').isDisabled())
  await page.click('[data-test=pin]')
  await counted(page.locator('[data-tag=pinned]'), 0)
  assert.ok(await page.locator('[data-test=danger] [data-test=remove]').isEnabled())
  newest = (await system.call('GET', '/restic/snapshots')).items[0]
}))

test('what is needed without this server is on a page to print, and no secret', step(async () => {
  await page.goto(`${system.url}/repositories/${newest.repository_id}`)
  await page.click('[data-test=recovery-kit]')
  await page.locator('[data-test=prepare]').filter({ hasText: `export RESTIC_REPOSITORY='${join(system.folder, 'repository')}'` }).waitFor()
  await page.locator('[data-test=recovery-kit]').filter({ hasText: `restic restore ${newest.short_id} --target /srv/restored` }).waitFor()
  assert.doesNotMatch(await page.locator('main').textContent(), /correct horse/)
  await accessible(page)
  await page.emulateMedia({ media: 'print' })
  for (const hidden of ['[data-test=print]', '[data-test=copy]', 'aside']) assert.equal(await page.locator(hidden).first().isVisible(), false, hidden)
  await picture(page, 'recovery-kit')
  await page.emulateMedia({ media: 'screen' })
}))

test('on a phone, in German and in the dark, nothing is cut off', step(async () => {
  const phone = await signedIn(`/snapshots/${newest.id}?path=${encodeURIComponent(join(source, 'letters'))}`, { locale: 'de-DE', viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
  await phone.locator('[data-test=tree] [data-row]').first().waitFor()
  assert.equal(await overflow(phone), 0)
  await accessible(phone)
  await picture(phone, 'snapshot-phone')
  await phone.goto(`${system.url}/snapshots`)
  await phone.locator('[data-row]').first().waitFor()
  assert.equal(await overflow(phone), 0)
  await accessible(phone)
  await picture(phone, 'snapshots-phone')
  await phone.context().close()
}))

test('who may only look sees what was listed, and no button', step(async () => {
  const invited = await system.call('POST', '/users', { email: 'viewer@example.org', role: 'viewer' })
  const accepted = await fetch(`${system.url}/api/v1/auth/invitations/accept`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token: invited.invitation.token, password: 'only to look 1' }) })
  assert.ok(accepted.ok)
  const other = await signedIn(`/snapshots/${newest.id}?path=${encodeURIComponent(join(source, 'letters'))}`, {}, 'viewer@example.org', 'only to look 1')
  await other.locator('[data-test=tree] [data-row]', { hasText: 'lost.txt' }).waitFor()
  for (const button of ['restore-files', 'versions', 'choose', 'compare-start']) assert.equal(await other.locator(`[data-test=${button}]`).count(), 0, button)
  await other.click('[data-test=top]')
  await other.locator('[data-test=tree]').filter({ hasText: 'Nobody has looked into this folder yet.' }).waitFor()
  await other.context().close()
  assert.deepEqual(problems, [])
}))
