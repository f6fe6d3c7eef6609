/**
 * Opens every page of the built documentation site in a headless browser: `npm run docs && npm run docs:check`.
 *
 * It fails on an error or a warning in the console, a request to another server, a page that is wider than a phone, a link to
 * an anchor that no page has, and a chain on the page of concepts that is not drawn, with and without WebGPU.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { preview } from 'vite'
import { findBrowser } from './browser.mjs'

const site = fileURLToPath(new URL('../dist/docs/', import.meta.url))
const base = process.env.DOCS_BASE ?? '/docs/'
const problems = []

const server = await preview({
  configFile: false,
  base,
  build: { outDir: site },
  preview: { port: 0, host: 'localhost' },
  logLevel: 'error',
})
const { origin } = new URL(server.resolvedUrls.local[0])
const options = await findBrowser()
const withoutWebGPU = { ...options, args: options.args.filter((arg) => !arg.includes('webgpu')) }

const pages = readdirSync(site, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.html') && file !== '404.html')
const anchors = new Set()
const links = []

try {
  const browser = await chromium.launch(options)
  const page = await open(browser)
  for (const path of pages) {
    await page.goto(`${origin}${base}${path}`)
    await page.locator('.vp-doc').waitFor()
    const found = await page.evaluate(() => ({
      ids: Array.from(document.querySelectorAll('[id]'), ({ id }) => id),
      targets: Array.from(document.querySelectorAll('.vp-doc a[href*="#"]'), ({ href }) => href),
      excess: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }))
    for (const id of found.ids) anchors.add(`${origin}${base}${path}#${id}`)
    for (const target of found.targets) links.push({ path, target })
    if (found.excess > 0) problems.push(`${path} is ${found.excess} pixels wider than a phone.`)
  }
  await drawsChain(page, 'WebGPU')
  await browser.close()
  const old = await chromium.launch(withoutWebGPU)
  await drawsChain(await open(old), 'CPU twin')
  await old.close()
} finally {
  await server.close()
}

for (const { path, target } of links) {
  const address = decodeURIComponent(target).replace(/\/#/, '/index.html#')
  if (address.startsWith(origin) && !anchors.has(address))
    problems.push(`${path} links to ${address.slice(origin.length)}.`)
}
for (const problem of problems) console.error(problem)
console.log(`${pages.length} pages, ${links.length} links to anchors, ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0

/** A page of a phone's size that reports what goes wrong in it. */
async function open(browser) {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
  page.on('console', (message) => {
    // Chrome's own words where there is no adapter.
    if (message.text() === 'No available adapters.') return
    if (['error', 'warning'].includes(message.type())) problems.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error}`))
  page.on('request', (request) => {
    if (/^https?:/.test(request.url()) && !request.url().startsWith(origin)) problems.push(`requested ${request.url()}`)
  })
  return page
}

/** Moves the chain of the concepts to its last step, which has no masks. */
async function drawsChain(page, place) {
  await page.goto(`${origin}${base}concepts.html`)
  const chain = page.locator('.chain')
  await chain.getByText(place).waitFor({ timeout: 30_000 })
  await chain.getByRole('slider').fill('16')
  await chain.getByText('0 of 256, expected 0').waitFor({ timeout: 5_000 })
}
