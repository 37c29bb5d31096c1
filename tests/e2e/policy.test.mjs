// The pages keep the content security policy that the host sends: nothing of them is blocked.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launchBrowser } from '../support/browser.mjs'
import { System } from '../support/system.mjs'

let system
let browser
let page
const problems = []

before(async () => {
  system = await System.start()
  browser = await launchBrowser()
  page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1200, height: 800 } })).newPage()
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) problems.push(message.text())
  })
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

test('the application: every page of the menu', async () => {
  await page.goto(system.url)
  await page.fill('#email', system.email)
  await page.fill('#password', system.password)
  await page.click('form button')
  await page.waitForSelector('[data-test=summary]')
  const pages = await page.locator('nav a:not([href="/swagger/"])').count()
  assert.ok(pages >= 4, `the menu has ${pages} pages`)
  for (let i = 0; i < pages; ++i) {
    await page.locator('nav a:not([href="/swagger/"])').nth(i).click()
    await page.locator('main h1').first().waitFor()
  }
  assert.deepEqual(problems, [])
})

test('Swagger UI: the document, an operation and its form', async () => {
  await page.goto(`${system.url}/swagger/`)
  const operation = page.locator('.opblock-post').first()
  await operation.locator('.opblock-summary').click()
  await operation.locator('.try-out__btn').click()
  await operation.locator('textarea, input').first().waitFor()
  const background = await operation.evaluate((element) => getComputedStyle(element).backgroundColor)
  assert.notEqual(background, 'rgba(0, 0, 0, 0)', 'its style sheet is in effect')
  assert.deepEqual(problems, [])
})

test('what is inline is blocked, and this test would see it', async () => {
  const color = await page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<p id="inline" style="color: rgb(1, 2, 3)">x</p>')
    return getComputedStyle(document.getElementById('inline')).color
  })
  assert.notEqual(color, 'rgb(1, 2, 3)')
  assert.equal(problems.length, 1)
  problems.length = 0
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.smuggled = true'
    document.body.append(script)
  })
  assert.equal(await page.evaluate(() => window.smuggled), undefined)
  assert.equal(problems.length, 1)
})
