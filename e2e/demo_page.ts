import { expect, type Locator, type Page, type Worker } from '@playwright/test'
import { STICKERS } from '../demo/model/stickers'
import { decodeTokens } from '../demo/picture/token_text'
import type { DrawingOptions } from '../demo/worker/protocol'
import type { StubControls } from './studio_stub'

/** The canvas' pixels, straight-alpha RGBA, row by row. */
export type Pixels = Buffer

/** What a person does with the demo. */
export class DemoPage {
  readonly status: Locator
  readonly generate: Locator
  readonly canvas: Locator

  constructor(readonly page: Page) {
    this.status = page.getByTestId('status')
    this.generate = page.getByTestId('generate')
    this.canvas = page.getByTestId('canvas')
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(`/${query}`)
  }

  /** Holds what the page asks of this address back, until the function that it gives is called. */
  async holdBack(url: string): Promise<() => void> {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    await this.page.route(url, async (route) => {
      await released
      await route.continue()
    })
    return release
  }

  /** Asks the page that is open for something else, by its address: nothing is loaded again. */
  async ask(query: string): Promise<void> {
    const fromNoise = this.page.getByRole('button', { name: 'Start from noise again' })
    if (await fromNoise.isVisible()) await fromNoise.click()
    await this.lockSeed(false)
    await this.page.evaluate((query) => {
      history.replaceState(null, '', query)
      dispatchEvent(new HashChangeEvent('hashchange'))
    }, query)
  }

  /** The button of an example. */
  example(prompt: string): Locator {
    return this.page.locator('#examples').getByRole('button', { name: prompt })
  }

  /** Has every drawing take the seed of the form, or lets each take another. */
  async lockSeed(isLocked = true): Promise<void> {
    const lock = this.page.getByTestId('seed-lock')
    if ((await lock.getAttribute('aria-pressed')) !== String(isLocked)) await lock.click()
  }

  /** Waits until scheduler and network run there. */
  async runsOn(engine: 'WebGPU' | 'CPU', network: 'WebGPU' | 'WebAssembly'): Promise<void> {
    await expect(this.page.locator('[data-fact=engine]')).toHaveText(engine)
    await expect(this.page.locator('[data-fact=network]')).toContainText(network)
    const place = network === 'WebGPU' ? 'graphics card' : 'processor'
    await expect(this.page.getByTestId('backend')).toHaveText(`Runs on your ${place}`)
  }

  /** Presses Generate, or does what else begins a drawing, and waits for the picture. */
  async draw(begin = () => this.generate.click()): Promise<Pixels> {
    const states = await this.watchStates()
    await begin()
    const pixels = await this.drawn()
    expect(await states()).toContain('drawing')
    return pixels
  }

  /** Waits for the picture. */
  async drawn(): Promise<Pixels> {
    await this.done()
    return pixelsOf(this.canvas)
  }

  /** Waits until nothing is drawn any more. */
  async done(): Promise<void> {
    await expect(this.status).toHaveText(/^(done|error)/, { timeout: 120_000 })
    expect(await this.status.textContent()).toBe('done')
  }

  /** The tokens of the picture that is seen large, as its share link has them. */
  async tokens(): Promise<number[]> {
    await this.page.getByTestId('share').click()
    await expect(this.page.getByTestId('progress')).toContainText('The link is in the clipboard')
    return [...decodeTokens(new URL(this.page.url()).hash.split('.')[1]!, STICKERS.grid)]
  }

  /** Records the states that the page goes through from now on, also those that pass quickly; gives them when called. */
  async watchStates(): Promise<() => Promise<(string | null)[]>> {
    return this.watchTexts(this.status)
  }

  /** Records the texts of an element from now on, also those that pass quickly; gives them when called. */
  async watchTexts(element: Locator): Promise<() => Promise<(string | null)[]>> {
    const seen = await element.evaluateHandle((element) => {
      const seen = new Set<string | null>()
      new MutationObserver(() => seen.add(element.textContent)).observe(element, {
        childList: true,
        characterData: true,
        subtree: true,
      })
      return seen
    })
    return () => seen.evaluate((seen) => [...seen])
  }

  /** The page's worker, when it is there. Threads of onnxruntime are workers too, whose script is its own. */
  async worker(): Promise<Worker> {
    const workers = () => this.page.workers().filter((worker) => !worker.url().includes('/ort.'))
    await expect.poll(() => workers().length).toBe(1)
    return workers()[0]!
  }

  /** The last drawing that the page has asked the stub for. */
  async asked(): Promise<DrawingOptions> {
    return (await this.worker()).evaluate(() => (globalThis as unknown as { stub: StubControls }).stub.drawings.at(-1)!)
  }

  /** Has the stub's drawings wait after this step. */
  async pauseAfter(step: number): Promise<void> {
    await (await this.worker()).evaluate((step) => {
      ;(globalThis as unknown as { stub: StubControls }).stub.pauseAfter = step
    }, step)
  }

  /** Takes `pauseAfter` back. */
  async resume(): Promise<void> {
    await (await this.worker()).evaluate(() => {
      ;(globalThis as unknown as { stub: StubControls }).stub.pauseAfter = undefined
    })
  }
}

export async function pixelsOf(canvas: Locator): Promise<Pixels> {
  // As one string, which the browser makes: a list of 65,536 numbers takes Playwright 300 ms.
  const url = await canvas.evaluate(async (element: HTMLCanvasElement) => {
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height)
    const reader = new FileReader()
    const loaded = new Promise((resolve) => reader.addEventListener('load', resolve))
    reader.readAsDataURL(new Blob([data]))
    await loaded
    return reader.result as string
  })
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}
