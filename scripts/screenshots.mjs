/** Takes the README's pictures of the demo, of what it really draws: `npx vite build && npm run screenshots`. */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { preview } from 'vite'
import { findBrowser } from './browser.mjs'

const folder = fileURLToPath(new URL('../demo/screenshots/', import.meta.url))
/** Drawing takes a second or more a picture and step where there is no GPU. */
const patience = 600_000

const shots = [
  {
    file: 'desktop-light.jpg',
    query: '?prompt=butterfly&style=3d&seed=5&count=9&auto=1',
    page: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  },
  {
    file: 'phone-dark.jpg',
    query: '?prompt=ghost&style=blob&seed=3&auto=1',
    page: { viewport: { width: 390, height: 1240 }, colorScheme: 'dark' },
  },
]

const server = await preview({ preview: { port: 0 } })
const browser = await chromium.launch(await findBrowser())
try {
  await mkdir(folder, { recursive: true })
  for (const { file, query, page: options } of shots) {
    const page = await browser.newPage({ ...options, deviceScaleFactor: 1.5 })
    await page.goto(new URL(query, server.resolvedUrls.local[0]).href)
    await page.getByTestId('status').filter({ hasText: 'done' }).waitFor({ timeout: patience })
    // The trajectory decodes its picture after the drawing.
    await page.waitForTimeout(3000)
    await page.evaluate(() => scrollTo(0, 0))
    await page.screenshot({ path: `${folder}${file}`, quality: 80 })
    await page.close()
    console.log(`demo/screenshots/${file}`)
  }
} finally {
  await browser.close()
  await server.close()
}
