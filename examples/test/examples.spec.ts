import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { vulkanEnvironment } from '../../scripts/vulkan.mjs'
import { install, run, type Server, serve } from './app'

/** Every pixel is compared: a wrong token is another colour. */
const expectNeighbours = (picture: Buffer) =>
  expect(picture).toMatchSnapshot('neighbours.png', { threshold: 0, maxDiffPixels: 0 })
/** A pixel may be off by rounding. A wrong token changes tens of pixels, unless both tokens stand for background. */
const expectRedHeart = (picture: Buffer) =>
  expect(picture).toMatchSnapshot('red-heart.png', { threshold: 0.02, maxDiffPixels: 0 })

let server: Server | undefined
// Also after a test that ran out of time.
test.afterEach(async () => {
  await server?.stop()
  server = undefined
})

for (const { name, expectPicture } of [
  { name: 'minimal', expectPicture: expectRedHeart },
  { name: 'vite', expectPicture: expectRedHeart },
  { name: 'worker', expectPicture: expectRedHeart },
  { name: 'next', expectPicture: expectRedHeart },
  { name: 'own-network', expectPicture: expectNeighbours },
  { name: 'tfjs', expectPicture: expectNeighbours },
  { name: 'transformersjs', expectPicture: expectNeighbours },
]) {
  test(`${name} shows its picture`, async ({ page }) => {
    const folder = await install(name)
    await run(folder, 'npm', ['run', 'build', '--if-present'])
    server = await serve(folder)
    await server.ready
    const faults = watch(page, server.url)
    await page.goto(server.url)
    expectPicture(await Promise.race([pictureOf(page), faults.first]))
    expect(faults.all).toEqual([])
  })
}

for (const name of ['node', 'deno']) {
  test(`${name} draws its picture`, async () => {
    const folder = await install(name)
    expect(await run(folder, 'npm', ['start'], await vulkanEnvironment())).toMatch(/adapter: .*[a-z]{4}/i)
    expectRedHeart(await readFile(join(folder, 'picture.png')))
  })
}

/** Errors and requests that a page should not make: those that fail, and those to other servers. */
function watch(page: Page, url: string) {
  const all: string[] = []
  let report = (_: Error) => {}
  const first = new Promise<never>((_, reject) => {
    report = reject
  })
  first.catch(() => {})
  const add = (fault: string) => {
    all.push(fault)
    report(new Error(fault))
  }
  page.on('console', (message) => {
    // Browsers ask for an icon by themselves; most examples have none.
    if (message.type() === 'error' && message.location().url !== `${url}favicon.ico`) add(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => add(`error: ${error.message}`))
  page.on('response', (response) => response.status() >= 400 && add(`${response.status()}: ${response.url()}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) add(`request: ${request.url()}`)
  })
  return { all, first }
}

/** The canvas as PNG, once the picture is drawn on it: at once, or in steps with a progress bar. */
async function pictureOf(page: Page): Promise<Buffer> {
  const dataUrl = await page.waitForFunction(
    () => {
      if ((document.querySelector('progress')?.position ?? 1) < 1) return
      const canvas = document.querySelector('canvas')
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
      return pixels?.some((value) => value !== 0) && canvas!.toDataURL()
    },
    undefined,
    { polling: 500 },
  )
  return Buffer.from(((await dataUrl.jsonValue()) as string).split(',')[1]!, 'base64')
}
