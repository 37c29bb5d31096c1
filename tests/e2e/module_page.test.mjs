// A page that a module of another project brings, in the installed host: AE_BUILD_DIR is the prefix.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { launchBrowser } from '../support/browser.mjs'
import { System } from '../support/system.mjs'

let system
let browser
let page
let entry
const problems = []

async function signIn(locale) {
  const context = await browser.newContext({ locale, viewport: { width: 1200, height: 800 }, colorScheme: 'light' })
  page = await context.newPage()
  problems.length = 0
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) problems.push(message.text())
  })
  await page.goto(system.url)
  await page.fill('#email', system.email)
  await page.fill('#password', system.password)
  await page.click('form button')
  await page.waitForSelector('nav [data-module=sites]')
}
/** Another code at the address of the page's entry; the rest is the host's. */
async function replaceEntry(code) {
  await page.route(`**${entry}`, (route) => route.fulfill({ contentType: 'text/javascript', body: code }))
}
const shot = (name) => page.screenshot({ path: join(process.env.AE_SHOTS ?? process.env.AE_BUILD_DIR, `${name}.png`), fullPage: true })

before(async () => {
  system = await System.start()
  await system.call('POST', '/sites', { name: 'Kiel' })
  const [listed] = (await system.call('GET', '/pages')).items
  entry = listed.entry
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await system?.stop()
})

/** With a picture and the logs of what went wrong. */
function check(name, body) {
  test(name, async (t) => {
    try {
      await body()
    } catch (error) {
      await shot('e2e-module-page-failure').catch(() => undefined)
      t.diagnostic(system.logs())
      t.diagnostic(problems.join('\n'))
      throw error
    }
  })
}

check('the menu has the page in English; it shows what its route answers, adds to it and says so', async () => {
  await signIn('en-US')
  assert.equal((await page.textContent('nav [data-module=sites]')).trim(), 'Sites')
  const icon = await page.evaluate(() => getComputedStyle(document.querySelector('nav [data-module=sites] span')).maskImage)
  assert.match(icon, /\/modules\/sites\/web\/[\w-]+\/pin\.svg/)
  await page.click('nav [data-module=sites]')
  await page.waitForSelector('text=Kiel: 0 agents since')
  assert.equal(new URL(page.url()).pathname, '/m/sites/map')
  assert.equal(await page.textContent('h1'), 'Sites')
  const border = await page.evaluate(() => getComputedStyle(document.querySelector('.sites')).borderTopStyle)
  assert.equal(border, 'solid', "the module's own style sheet applies")

  await page.fill('[data-test=module-page] input', 'Bonn')
  await page.click('text=Add site')
  await page.waitForSelector('[data-test=notice] >> text=Bonn was added.')
  await page.waitForSelector('li >> text=Bonn: 0 agents since')
  // The host's refusal in its own words.
  await page.fill('[data-test=module-page] input', 'Bonn')
  await page.click('text=Add site')
  await page.waitForSelector('[data-test=notice].alert-error')
  await shot('module-page-light')
  assert.deepEqual(problems, [])
})

check('theme and language change while it is shown', async () => {
  assert.equal(await page.getAttribute('.sites', 'data-theme'), 'light')
  const colour = () => page.evaluate(() => getComputedStyle(document.querySelector('.sites')).backgroundColor)
  const light = await colour()
  await page.click('nav button[aria-label="Light or dark"]')
  await page.waitForSelector('.sites[data-theme=dark]')
  assert.notEqual(await colour(), light, "the theme's custom properties reach the module")
  await page.click('[data-test=language]')
  await page.waitForSelector('text=Kiel: 0 Agenten seitdem')
  await page.waitForSelector('button >> text=Standort anlegen')
  assert.equal((await page.textContent('nav [data-module=sites]')).trim(), 'Standorte')
  assert.equal(await page.textContent('h1'), 'Standorte')
  await shot('module-page-dark')
  assert.deepEqual(problems, [])
})

check('the classes that the guide promises are there', async () => {
  const guide = readFileSync(new URL('../../docs/module-sdk.md', import.meta.url), 'utf8')
  const promised = guide.slice(guide.indexOf("on DaisyUI's classes"), guide.indexOf('Name your own classes'))
  const names = [...promised.matchAll(/`([\w-]+)`/g)].map(([, name]) => name).filter((name) => !name.startsWith('-'))
  assert.ok(names.length > 15)
  const styles = await page.evaluate(async () =>
    (await Promise.all([...document.querySelectorAll('link[rel=stylesheet]')].map(async (link) => (await fetch(link.href)).text()))).join(),
  )
  for (const name of names) assert.match(styles, new RegExp(`\\.${name}\\b`), name)
})

check('it survives a reload, and a token that has ended is renewed', async () => {
  await page.reload()
  await page.waitForSelector('text=Kiel: 0 Agenten seitdem')
  // The host refuses the next call as it would a token that has ended, once.
  let refused = 0
  let refreshed = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/auth/refresh')) ++refreshed
  })
  await page.route('**/api/v1/sites', (route) =>
    refused++ ? route.fallback() : route.fallback({ headers: { ...route.request().headers(), authorization: 'Bearer ended' } }),
  )
  await page.fill('[data-test=module-page] input', 'Ulm')
  await page.click('text=Standort anlegen')
  await page.waitForSelector('li >> text=Ulm')
  assert.equal(refreshed, 1)
  await page.unrouteAll()
  assert.deepEqual(problems, [])
})

check('leaving ends it: its element, its signal, its listeners', async () => {
  await signIn('de-DE')
  assert.equal((await page.textContent('nav [data-module=sites]')).trim(), 'Standorte')
  await replaceEntry(`
    window.told = []
    export function mount(element, context) {
      element.textContent = context.page + ' mounted as ' + context.user.email + ' ' + context.role + ' ' + context.tenantId
      context.signal.addEventListener('abort', () => window.told.push('abort'))
      context.onTheme(() => window.told.push('theme'))
      window.context = context
      return () => { window.told.push('unmount'); throw new Error('while leaving') }
    }`)
  await page.click('nav [data-module=sites]')
  await page.waitForSelector('text=mounted as')
  const me = await system.call('GET', '/tenants')
  assert.equal(await page.textContent('[data-test=module-page]'), `map mounted as ${system.email} admin ${me.items[0].id}`)
  // No token goes elsewhere, and nothing but the API is asked with it.
  for (const path of ['https://example.org/api/v1/x', '//example.org/api/v1/x', '/swagger/', '/api/../swagger/', 'api/v1/sites']) {
    const refused = await page.evaluate((asked) => window.context.fetch(asked).then(() => '', (error) => error.name), path)
    assert.equal(refused, 'TypeError', path)
  }
  const answered = await page.evaluate(async () => (await window.context.fetch('/api/v1/sites?x=1')).status)
  assert.equal(answered, 200)
  await page.evaluate(() => window.context.navigate('/runs'))
  await page.waitForURL('**/runs')
  await page.waitForSelector('[data-test=module-page]', { state: 'detached' })
  assert.deepEqual(await page.evaluate(() => window.told), ['abort', 'unmount'])
  await page.click('nav button[aria-label="Hell oder dunkel"]')
  assert.deepEqual(await page.evaluate(() => window.told), ['abort', 'unmount'])
  const ended = await page.evaluate(() => window.context.fetch('/api/v1/sites').then(() => '', (error) => error.name))
  assert.equal(ended, 'AbortError')
  assert.deepEqual(problems, [])
})

check('two pages of one entry are two pages', async () => {
  await signIn('en-US')
  await page.route('**/api/v1/pages', async (route) => {
    const answer = await (await route.fetch()).json()
    answer.items.push({ ...answer.items[0], path: 'second', title: { en: 'Second', de: 'Zweite' } })
    await route.fulfill({ json: answer })
  })
  await replaceEntry("export function mount(element, context) { element.textContent = 'this is ' + context.page }")
  await page.reload()
  await page.click('nav >> text=Sites')
  await page.waitForSelector('text=this is map')
  await page.click('nav >> text=Second')
  await page.waitForSelector('text=this is second')
  assert.equal(await page.textContent('h1'), 'Second')
  await page.goBack()
  await page.waitForSelector('text=this is map')
  assert.deepEqual(problems, [])
})

check('a page that throws shows a sentence, and the rest of the application works', async () => {
  await signIn('en-US')
  await replaceEntry("export function mount(element) { element.textContent = 'half'; throw new Error('the map is broken') }")
  await page.click('nav [data-module=sites]')
  await page.waitForSelector('[data-test=fault] >> text=The page “Sites” could not be shown. The rest of the application works. (the map is broken)')
  assert.equal(await page.textContent('[data-test=module-page]'), '')
  await shot('module-page-fault')
  await page.click('nav >> text=Policies')
  await page.waitForSelector('text=No policy yet.')
  // The same page, mended: code that has loaded stays until the application is loaded again.
  await page.unrouteAll()
  await page.reload()
  await page.click('nav [data-module=sites]')
  await page.waitForSelector('text=Kiel: 0 agents since')

  for (const [code, sentence] of [
    ['export const mont = 1', /could not be shown.*exports no function mount/],
    ['export async function mount() { throw "no error object" }', /could not be shown.*no error object/],
    ['export function mount(', /could not be loaded/],
    ["import './not_there.js'\nexport function mount() {}", /could not be loaded/],
    ["export function mount() { setTimeout(() => { throw new Error('too late') }) }", /Something failed in the page “Sites”.*too late/],
    ["export function mount() { setTimeout(() => Promise.reject(new Error('unheard'))) }", /Something failed in the page “Sites”.*unheard/],
  ]) {
    await replaceEntry(code)
    await page.reload()
    const shown = await page.waitForSelector('[data-test=fault]')
    assert.match(await shown.textContent(), sentence)
    await page.unrouteAll()
  }
  await page.click('nav >> text=Dashboard')
  await page.waitForSelector('[data-test=fault]', { state: 'detached' })
})

check('who may not see a page is told so, and so is who is not signed in', async () => {
  await page.goto(`${system.url}/m/sites/nothing`)
  await page.waitForSelector('[data-test=no-page] >> text=There is no such page.')
  await page.click('text=Sign out')
  await page.waitForSelector('#password')
  await page.goto(`${system.url}/m/sites/map`)
  await page.waitForSelector('#password')
  assert.equal(await page.locator('[data-module]').count(), 0)
})

check('the page of the module that "module new" wrote works as it is', async () => {
  await system.stop()
  process.env.AE_MODULE_PATH = process.env.AE_GUESTBOOK
  system = await System.start()
  await system.call('POST', '/guestbook/greetings', { text: 'Moin' })
  const context = await browser.newContext({ locale: 'de-DE' })
  page = await context.newPage()
  await page.goto(`${system.url}/m/guestbook/greetings`)
  await page.fill('#email', system.email)
  await page.fill('#password', system.password)
  await page.click('form button')
  await page.waitForSelector('li >> text=Moin')
  assert.equal(await page.textContent('h1'), 'Grüße')
  await page.fill('[data-test=module-page] input', 'Guten Tag')
  await page.click('button >> text=Sagen')
  await page.waitForSelector('li >> text=Guten Tag')
})
