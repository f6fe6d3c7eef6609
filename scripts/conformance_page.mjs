import { readFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { fixturesFolder } from './fixtures_folder.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const pagePath = 'test/conformance/index.html'

/**
 * Runs the conformance page in a browser of Playwright or Puppeteer, whose pages agree in what is used here.
 *
 * @param {() => Promise<import('playwright').Browser | import('puppeteer-core').Browser>} launch
 */
export async function runPage(launch) {
  const server = await createServer({
    configFile: join(root, 'vite.config.ts'),
    root,
    plugins: [serveFixtures(fixturesFolder())],
    optimizeDeps: { entries: [pagePath] },
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
      page.on('crash', () => reject(new Error('The conformance page crashed.')))
    })
    const outcome = page
      .goto(new URL(pagePath, server.resolvedUrls.local[0]).href)
      .then(() => page.evaluate(() => window.conformance))
    const { passed, failed, skipped } = await Promise.race([outcome, failure])
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    process.exitCode = failed > 0 || passed === 0 ? 1 : 0
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  } finally {
    await browser?.close()
    await server.close()
  }
}

/** Serves the files of a folder under /fixtures/. */
function serveFixtures(folder) {
  const base = folder + sep
  return {
    name: 'fixtures',
    configureServer(server) {
      server.middlewares.use('/fixtures/', async (request, response) => {
        const file = resolve(base, `.${decodeURIComponent(new URL(request.url, 'http://localhost').pathname)}`)
        const content = file.startsWith(base) && (await readFile(file).catch(() => undefined))
        response.statusCode = content ? 200 : 404
        response.end(content || undefined)
      })
    },
  }
}
