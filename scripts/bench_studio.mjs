/**
 * Times the studio in a headless browser without a GPU: from a warm page load until it is ready, the first two pictures of the
 * default settings, the first two Quick ones, and a warm page load that draws a Quick picture. Several checkouts alternate, so that what else the
 * machine does touches all alike:
 *
 *   npm run bench:studio                        this checkout; `npx vite build` builds its studio before
 *   npm run bench:studio -- ../before . --rounds 3
 *
 * A ratio is that of the medians, to the first checkout's first or second picture of the default settings.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright'
import { preview } from 'vite'
import { findBrowser } from './browser.mjs'

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
})
const folders = positionals.length > 0 ? positionals : ['.']
const words = 'prompt=panda&style=noto&seed=7'
const model = new URL('../packages/vq-diffusion-emoji/emoji-16x16/model_index.json', import.meta.url)
const preset = JSON.parse(readFileSync(model, 'utf8')).presets.quick
/** The numbers of this checkout's preset; an address without steps has the default of its checkout. */
const quick = `${words}&steps=${preset.num_inference_steps}&guidance=${preset.guidance_scale}&truncation=${preset.truncation_rate}`

/** A served checkout and a browser profile in which its model is stored. */
async function open(folder) {
  const root = resolve(folder)
  const server = await preview({ root, configFile: join(root, 'vite.config.ts'), preview: { port: 0 } })
  const profile = await mkdtemp(join(tmpdir(), 'bench-studio-'))
  return {
    folder,
    times: { ready: [], default: [], 'default again': [], quick: [], 'quick again': [], 'quick from page load': [] },
    url: server.resolvedUrls.local[0],
    profile,
    async close() {
      await rm(profile, { recursive: true })
      await server.close()
    },
  }
}

/** Does the work in a browser of the checkout's profile. Only one runs at a time: even an idle one takes from the other. */
async function inBrowser({ profile }, work) {
  const context = await chromium.launchPersistentContext(profile, { ...(await findBrowser()), headless: true })
  await work(context)
  await context.close()
}

async function status(page, text) {
  await page.getByTestId('status').filter({ hasText: text }).waitFor({ timeout: 300_000 })
}

/** Seconds that `work` takes. */
async function seconds(work) {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

/** Seconds from Generate to the picture. */
async function draw(page) {
  // Before it begins, the status is still that of the picture before.
  const drawn = page.getByTestId('status').evaluate(
    (status) =>
      new Promise((resolve) => {
        let isDrawing = false
        const look = () => {
          isDrawing ||= status.textContent === 'drawing'
          if (isDrawing && status.textContent === 'done') resolve()
        }
        new MutationObserver(look).observe(status, { childList: true, characterData: true, subtree: true })
      }),
  )
  return seconds(async () => {
    await page.getByTestId('generate').click()
    await drawn
  })
}

async function visit(context, { url }, query, work) {
  const page = await context.newPage()
  await page.goto(new URL(`?${query}`, url).href)
  await work(page)
  await page.close()
}

async function round(context, checkout) {
  const { url, times } = checkout
  await visit(context, checkout, words, async (page) => {
    times.ready.push(await seconds(() => status(page, /^ready$/)))
    times.default.push(await draw(page))
    times['default again'].push(await draw(page))
  })
  await visit(context, checkout, quick, async (page) => {
    await status(page, /^ready$/)
    times.quick.push(await draw(page))
    times['quick again'].push(await draw(page))
  })
  const page = await context.newPage()
  const drawn = async () => {
    await page.goto(new URL(`?${quick}&auto=1`, url).href)
    await status(page, /^done$/)
  }
  times['quick from page load'].push(await seconds(drawn))
  await page.close()
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}

const checkouts = []
for (const folder of folders) checkouts.push(await open(folder))
try {
  // Downloads and stores the model.
  for (const checkout of checkouts)
    await inBrowser(checkout, (context) => visit(context, checkout, words, (page) => status(page, /^ready$/)))
  for (let i = 0; i < Number(values.rounds); i++)
    for (const checkout of checkouts) await inBrowser(checkout, (context) => round(context, checkout))
  const [{ times: first }] = checkouts
  for (const { folder, times } of checkouts)
    for (const [name, list] of Object.entries(times)) {
      const reference = median(name.endsWith('again') ? first['default again'] : first.default)
      const ratio = name === 'ready' ? '' : `  ${(reference / median(list)).toFixed(1)} ×`
      const each = list.map((time) => time.toFixed(2)).join(', ')
      console.log(`${folder}  ${name}: ${median(list).toFixed(2)} s (${each})${ratio}`)
    }
} finally {
  for (const checkout of checkouts) await checkout.close()
}
