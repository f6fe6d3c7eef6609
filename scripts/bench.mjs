/** Measures a step beside its peers in headless Chromium: `npm run bench -- --help`. */
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer, runnerImport } from 'vite'
import { findBrowser } from './browser.mjs'

const file = (name) => fileURLToPath(new URL(`../bench/${name}`, import.meta.url))

/** The page and the command share TypeScript, so Vite loads it here too. */
const { module } = await runnerImport(file('command.ts'))

process.exitCode = await module.command(process.argv.slice(2), async (options) => {
  const server = await createServer({ configFile: file('vite.config.ts') })
  let browser
  try {
    await server.listen()
    browser = await chromium.launch(await findBrowser())
    const page = await browser.newPage()
    // To stderr: tables are printed to stdout.
    page.on('console', (message) => {
      const level = message.type()
      if (level === 'log') console.error(message.text())
      if (level === 'error' || level === 'warning') console.error(`page ${level}: ${message.text()}`)
    })
    const failure = new Promise((_, reject) => {
      page.on('pageerror', reject)
      page.on('crash', () => reject(new Error('The page crashed.')))
    })
    const measured = page
      .goto(new URL('bench/index.html', server.resolvedUrls.local[0]).href)
      .then(() => page.evaluate((given) => window.bench(given), options))
    return await Promise.race([measured, failure])
  } finally {
    await browser?.close()
    await server.close()
  }
})
