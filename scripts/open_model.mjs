/**
 * Opens a converted model for texts in headless Chromium, by the built package and on WebAssembly, and draws one guided step:
 *
 *   npm run build && node scripts/open_model.mjs models/coco
 *
 * Prints the seconds that each network takes, and the greatest memory of the page's process (of Linux alone).
 */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright'
import { findBrowser } from './browser.mjs'
import { runPage } from './test_page.mjs'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('open_model.mjs needs a model folder.')
const root = resolve(folder)

/** The model folder at /model/. */
const served = {
  name: 'model-folder',
  configureServer({ middlewares }) {
    middlewares.use('/model/', async (request, response) => {
      const path = join(root, new URL(request.url, 'http://model').pathname)
      const facts = path.startsWith(root) && (await stat(path).catch(() => undefined))
      if (!facts) return response.writeHead(404).end()
      response.writeHead(200, { 'Content-Length': facts.size, 'Content-Type': 'application/octet-stream' })
      createReadStream(path).pipe(response)
    })
  },
}

/** The greatest resident memory of a browser's renderers so far, in bytes. */
async function rendererPeak(session) {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const peaks = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(async ({ id }) => {
      const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '')
      return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0)
    })
  return Math.max(...(await Promise.all(peaks)))
}

let watch
let peak = 0
const launch = async () => {
  const browser = await chromium.launch(await findBrowser())
  const session = await browser.newBrowserCDPSession()
  const look = async () => {
    peak = Math.max(peak, await rendererPeak(session))
  }
  // The browser may close meanwhile.
  watch = setInterval(() => look().catch(() => {}), 250)
  return browser
}
await runPage(launch, { path: 'scripts/open_model/index.html', plugins: [served] })
clearInterval(watch)
console.log(`memory of the page, at most: ${(peak / 1e9).toFixed(2)} GB`)
