import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer } from 'vite'
import { findBrowser } from './browser.mjs'

/** Where the benchmark's pages and its program for Node come from. */
export const configFile = fileURLToPath(new URL('../bench/vite.config.ts', import.meta.url))

/**
 * Opens a page of bench/ in headless Chromium, and gives what `use` makes of it. Messages go to stderr: tables are
 * printed to stdout.
 *
 * @template Result
 * @param {string} name of the page
 * @param {(page: import('playwright').Page) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
export async function onPage(name, use) {
  const server = await createServer({ configFile })
  let browser
  try {
    await server.listen()
    browser = await chromium.launch(await findBrowser())
    const page = await browser.newPage()
    page.on('console', (message) => {
      const level = message.type()
      if (level === 'log') console.error(message.text())
      if (level === 'error' || level === 'warning') console.error(`page ${level}: ${message.text()}`)
    })
    const failure = new Promise((_, reject) => {
      page.on('pageerror', reject)
      page.on('crash', () => reject(new Error('The page crashed.')))
    })
    const outcome = page.goto(new URL(`bench/${name}`, server.resolvedUrls.local[0]).href).then(() => use(page))
    return await Promise.race([outcome, failure])
  } finally {
    await browser?.close()
    await server.close()
  }
}
