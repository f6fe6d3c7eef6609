import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Serves the sources and opens a page in a browser of Playwright or Puppeteer, whose pages agree in what is used here.
 * Its console is printed.
 *
 * @param {() => Promise<import('playwright').Browser | import('puppeteer-core').Browser>} launch
 * @param {{ path: string, query?: URLSearchParams, plugins?: import('vite').Plugin[] }} page the page's file
 * @returns {Promise<unknown>} what `window.outcome` of the page resolves to; rejects if it rejects, or if the page fails
 */
export async function runPage(launch, { path, query, plugins = [] }) {
  const server = await createServer({
    configFile: join(root, 'vite.config.ts'),
    root,
    plugins,
    optimizeDeps: { entries: [path] },
    server: { port: 0, hmr: false, watch: null },
    logLevel: 'warn',
  })
  let browser
  try {
    await server.listen()
    browser = await launch()
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() === 'log') console.log(message.text())
      if (message.type() === 'error') console.error(message.text())
    })
    const failure = new Promise((_, reject) => {
      page.on('pageerror', reject)
      page.on('crash', () => reject(new Error(`The page ${path} crashed.`)))
    })
    const address = new URL(path, server.resolvedUrls.local[0])
    if (query) address.search = query
    const outcome = page.goto(address.href).then(() => page.evaluate(() => window.outcome))
    return await Promise.race([outcome, failure])
  } finally {
    await browser?.close()
    await server.close()
  }
}
