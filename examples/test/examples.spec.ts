import { expect, type Page, test } from '@playwright/test'
import { install, serve } from './app'

for (const { name, picture } of [
  { name: 'own-network', picture: 'neighbours.png' },
  { name: 'tfjs', picture: 'neighbours.png' },
  { name: 'transformersjs', picture: 'neighbours.png' },
]) {
  test(`${name} shows its picture`, async ({ page }) => {
    const { url, stop } = await serve(await install(name))
    try {
      const faults = watch(page, url)
      await page.goto(url)
      const drawn = await Promise.race([pictureOf(page), faults.first])
      expect(drawn).toMatchSnapshot(picture, exact)
      expect(faults.all).toEqual([])
    } finally {
      await stop()
    }
  })
}

/** Every pixel. A wrong token is another colour. */
const exact = { threshold: 0, maxDiffPixels: 0 }

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
  page.on('console', (message) => message.type() === 'error' && add(`console: ${message.text()}`))
  page.on('pageerror', (error) => add(`error: ${error.message}`))
  page.on('response', (response) => response.status() >= 400 && add(`${response.status()}: ${response.url()}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) add(`request: ${request.url()}`)
  })
  return { all, first }
}

/** The canvas as PNG, once something is drawn on it; the examples draw the complete picture at once. */
async function pictureOf(page: Page): Promise<Buffer> {
  const dataUrl = await page.waitForFunction(
    () => {
      const canvas = document.querySelector('canvas')
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
      return pixels?.some((value) => value !== 0) && canvas!.toDataURL()
    },
    undefined,
    { timeout: 240_000, polling: 500 },
  )
  return Buffer.from(((await dataUrl.jsonValue()) as string).split(',')[1]!, 'base64')
}
