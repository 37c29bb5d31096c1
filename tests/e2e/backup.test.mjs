import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { counted } from '../support/journey.mjs'
import { farMaintenance, farSchedule, System, until } from '../support/system.mjs'

let system
let browser
let page
const problems = []

async function shoot(where, name) {
  if (process.env.AE_SCREENSHOTS) await where.screenshot({ path: join(process.env.AE_SCREENSHOTS, `${name}.png`), fullPage: true })
}

before(async () => {
  system = await System.start()
  // restic reads as fast as packs of 16 MiB go out: 240 MiB at 12 MiB/s move in steps for twenty seconds.
  const agent = await system.startAgent({ RESTIC_AGENT_RESTIC_LIMIT_UPLOAD_KIB: '12288' })
  const source = system.makeFiles(240, 1048576)
  const repository = await system.call('POST', '/restic/repositories', {
    name: 'main', maintenance: farMaintenance(), type: 'local', config: { path: join(system.folder, 'repository') }, agent_id: agent, password: 'correct horse battery',
  })
  const policy = await system.call('POST', '/restic/policies', {
    name: 'nightly', schedule: farSchedule(), include_paths: [source], repository_id: repository.id,
  })
  await system.call('PUT', `/restic/agents/${agent}/policies/${policy.id}`)
  browser = await launchBrowser()
  page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1200, height: 800 } })).newPage()
  page.on('pageerror', (error) => problems.push(error.message))
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('a person signs in, presses "Back up now", watches the progress and sees the snapshot', async (t) => {
  try {
    await page.goto(system.url)
    await page.fill('#email', system.email)
    await page.fill('#password', 'not the password')
    await page.click('button[type=submit], form button')
    await page.waitForSelector('[role=alert]')
    await page.fill('#password', system.password)
    await page.click('form button')
    await page.waitForSelector('[data-test=summary]')
    assert.equal(await page.getAttribute('[data-test=summary]', 'data-tone'), 'waiting')

    await page.click('nav >> text=Policies')
    await page.click('[data-policy=nightly] >> text=Back up now')
    await page.waitForSelector('[data-test=percent]', { timeout: 30000 })

    const seen = []
    const logLengths = new Set()
    let currentFile = ''
    await until(
      'the end of the backup',
      async () => {
        const percent = await page.locator('[data-test=percent]').textContent({ timeout: 100 }).catch(() => null)
        const value = percent === null ? null : Number.parseFloat(percent)
        if (value !== null && value !== seen.at(-1)) seen.push(value)
        const file = await page.locator('[data-test=current-file]').textContent({ timeout: 100 }).catch(() => null)
        if (file?.includes('file-')) currentFile = file
        logLengths.add(await page.locator('[data-test=log] time').count())
        return page.locator('[data-state=success]').isVisible()
      },
      90,
    )
    const rising = seen.filter((value, i) => value >= 1 && value <= 99 && (i === 0 || value > Math.max(...seen.slice(0, i))))
    assert.ok(rising.length >= 5, `at least five rising values between 1 and 99, not ${seen}`)
    assert.match(currentFile, /file-\d{4}\.bin/)
    assert.ok(logLengths.size >= 3, `a log that grows, not ${[...logLengths]}`)

    // Today's backup is in the strip as soon as it is done.
    await page.locator('[data-day]').last().and(page.locator('[data-day=success]')).waitFor({ state: 'attached' })
    await counted(page.locator('[data-day]'), 30)
    assert.match(await page.textContent('figcaption'), /The last 30 days: one with a backup · 29 without a backup/)
    await shoot(page, 'run')

    const shown = await page.getAttribute('[data-test=snapshot]', 'title')
    const listed = JSON.parse(
      execFileSync('restic', ['-r', join(system.folder, 'repository'), 'snapshots', '--json'], {
        env: { ...process.env, RESTIC_PASSWORD: 'correct horse battery' },
      }),
    )
    assert.deepEqual(listed.map((snapshot) => snapshot.id), [shown])

    await page.click('nav >> text=Dashboard')
    await page.waitForSelector('[data-test=summary][data-tone=good]')
    assert.match(await page.textContent('[data-test=summary]'), /Everything is safe/)
    assert.deepEqual(problems, [])
  } catch (error) {
    await page.screenshot({ path: join(process.env.AE_BUILD_DIR ?? 'build', 'e2e-failure.png'), fullPage: true }).catch(() => undefined)
    t.diagnostic(system.logs())
    throw error
  }
})

test('the session survives a reload and ends with the sign-out', async () => {
  await page.reload()
  await page.waitForSelector('[data-test=summary]')
  await page.click('text=Sign out')
  await page.waitForSelector('#password')
  await page.goto(`${system.url}/runs`)
  await page.waitForSelector('#password')
})

test('the pages speak German, fit a phone, and turn dark', async () => {
  const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
  const phone = await context.newPage()
  await phone.goto(system.url)
  await phone.fill('#email', system.email)
  await phone.fill('#password', system.password)
  await phone.click('form button')
  await phone.waitForSelector('text=Alles ist sicher.')
  assert.equal(await phone.getAttribute('html', 'data-theme'), 'dark')
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.equal(overflow, 0)
  await phone.goto(`${system.url}/runs`)
  await phone.locator('[data-row] a').first().click()
  await phone.waitForURL(/runs\/.+/)
  await phone.waitForSelector('[data-day]')
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0)
  await shoot(phone, 'run-phone-dark')
  await context.close()
})

test('the API page works without internet', async () => {
  await page.goto(`${system.url}/swagger/`)
  await page.waitForSelector('.opblock')
  await page.locator('.opblock').nth(20).waitFor()
})
