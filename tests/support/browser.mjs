// The real browser, as every test of pages starts it.
import { chromium } from '../../web/node_modules/playwright-core/index.mjs'

/** `args` beside those that every test needs. */
export function launchBrowser(...args) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', ...args],
  })
}
