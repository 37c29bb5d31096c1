// What a journey through the page is made of: steps of which each needs the one before, pictures, and a look for barriers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './system.mjs'

const axe = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

/** For whoever wants to look at the pages: AE_SCREENSHOTS names a folder. */
export const picture = (page, name) => (process.env.AE_SCREENSHOTS ? page.screenshot({ path: join(process.env.AE_SCREENSHOTS, `${name}.png`), fullPage: true }) : undefined)

/** What a machine finds that keeps people from using the page. */
export async function accessible(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ['violations'] })).violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`))
  assert.deepEqual(found, [])
}

/** Waits until so many are shown: what a page fetches comes after what it is told. */
export async function counted(locator, expected, what = String(locator)) {
  let found
  await until('', async () => (found = await locator.count()) === expected).catch(() => undefined)
  assert.equal(found, expected, what)
}

/** How far the page is wider than its window. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** Steps that go on where the one before ended: after a failure nothing further is worth its wait. */
export function journey(pageOf, systemOf) {
  let broken = false
  return (work) => async (t) => {
    assert.ok(!broken, 'a step before this one failed')
    try {
      await work(t)
    } catch (error) {
      broken = true
      await pageOf()
        .screenshot({ path: join(process.env.AE_BUILD_DIR ?? 'build', 'e2e-failure.png'), fullPage: true })
        .catch(() => undefined)
      t.diagnostic(systemOf().logs())
      throw error
    }
  }
}
