import { test as base, expect, type Locator, type Page } from '@playwright/test'

/** The canvas' pixels, straight-alpha RGBA, row by row. */
export type Pixels = number[]

/** What a person does with the demo. */
export class DemoPage {
  readonly status: Locator
  readonly backend: Locator
  readonly generate: Locator

  constructor(readonly page: Page) {
    this.status = page.getByTestId('status')
    this.backend = page.getByTestId('backend')
    this.generate = page.getByTestId('generate')
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(`/${query}`)
  }

  /** Presses Generate and waits for the picture. */
  async draw(): Promise<Pixels> {
    await this.generate.click()
    await expect(this.status).toHaveText('drawing')
    return this.drawn()
  }

  async drawn(): Promise<Pixels> {
    await expect(this.status).toHaveText(/^(done|error)/, { timeout: 120_000 })
    expect(await this.status.textContent()).toBe('done')
    return this.page.getByTestId('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas
      return Array.from(canvas.getContext('2d')!.getImageData(0, 0, width, height).data)
    })
  }
}

/**
 * `demo`, and a watch on the page: a console error or warning that is not in `expectedMessages` fails the test, and so
 * does a request to another host.
 */
export const test = base.extend<{ demo: DemoPage; expectedMessages: RegExp[] }>({
  expectedMessages: [[], { option: true }],
  demo: async ({ page, baseURL, expectedMessages }, use) => {
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      const expected = expectedMessages.some((pattern) => pattern.test(message.text()))
      if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text())
    })
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && ![baseURL, insecureOrigin].includes(origin)) complaints.push(request.url())
    })
    await use(new DemoPage(page))
    expect(complaints).toEqual([])
  },
})

/** Browsers offer no WebGPU to pages that come from another host without https. */
export const insecureOrigin = 'http://insecure.example'

/** Serves the demo from `insecureOrigin` too. */
export async function serveInsecurely(page: Page, baseURL: string): Promise<void> {
  await page.route(`${insecureOrigin}/**`, async (route) => {
    const url = route.request().url().replace(insecureOrigin, baseURL)
    await route.fulfill({ response: await route.fetch({ url }) })
  })
}

/** Share of the canvas that is opaque, and share of that which is red. */
export function describePixels(pixels: Pixels): { opaque: number; red: number; corners: number[] } {
  let opaque = 0
  let red = 0
  for (let at = 0; at < pixels.length; at += 4) {
    const [r, g, b, a] = pixels.slice(at, at + 4) as [number, number, number, number]
    if (a < 200) continue
    opaque++
    if (r > 140 && r > 1.5 * g && r > 1.2 * b) red++
  }
  const alphaAt = (x: number, y: number) => pixels[4 * (128 * y + x) + 3]!
  return {
    opaque: opaque / (pixels.length / 4),
    red: red / opaque,
    corners: [alphaAt(0, 0), alphaAt(127, 0), alphaAt(0, 127), alphaAt(127, 127)],
  }
}

export function expectRedHeart(pixels: Pixels): void {
  const { opaque, red, corners } = describePixels(pixels)
  expect(pixels.length).toBe(4 * 128 * 128)
  expect(opaque).toBeGreaterThan(0.2)
  expect(opaque).toBeLessThan(0.9)
  expect(red).toBeGreaterThan(0.8)
  expect(Math.max(...corners)).toBeLessThan(26)
}
