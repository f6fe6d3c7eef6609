import { fileURLToPath } from 'node:url'
import {
  test as base,
  type ConsoleMessage,
  expect,
  type FullConfig,
  type Locator,
  type Page,
  type Request,
  type Worker,
} from '@playwright/test'
import type { Rolldown } from 'vite'
import { decodeTokens } from '../demo/picture/token_text'
import type { DrawingOptions } from '../demo/worker/protocol'
import { type Substitute, smallModel } from './small_model'
import type { StubControls } from './studio_stub'
import { TestServer } from './test_server'

/** The canvas' pixels, straight-alpha RGBA, row by row. */
export type Pixels = Buffer

/**
 * What the page has behind it: the demo's own model, or the small one (small_model.ts), both in the demo's worker; or a
 * stub of the worker without any model (studio_stub.ts).
 */
export type Studio = 'emoji model' | 'small model' | 'stub'

/** The script of the demo's worker. */
export const WORKER_SCRIPT = /\/assets\/studio-[^/]*\.js$/

/**
 * For tests that are not about the page: without the moving dots, whose frames cost as much as a step of the small model.
 */
export const STILL = { reducedMotion: 'reduce' } as const

/** What a person does with the demo. */
export class DemoPage {
  readonly status: Locator
  readonly backend: Locator
  readonly generate: Locator
  readonly canvas: Locator

  constructor(readonly page: Page) {
    this.status = page.getByTestId('status')
    this.backend = page.getByTestId('backend')
    this.generate = page.getByTestId('generate')
    this.canvas = page.getByTestId('canvas')
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(`/${query}`)
  }

  /** Asks the page that is open for something else, by its address: nothing is loaded again. */
  async ask(query: string): Promise<void> {
    const fromNoise = this.page.getByRole('button', { name: 'Start from noise again' })
    if (await fromNoise.isVisible()) await fromNoise.click()
    await this.page.evaluate((query) => {
      history.replaceState(null, '', query)
      dispatchEvent(new HashChangeEvent('hashchange'))
    }, query)
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
    return [...decodeTokens(new URL(this.page.url()).hash.split('.')[1]!)]
  }

  /** Records the states that the page goes through from now on, also those that pass quickly; gives them when called. */
  async watchStates(): Promise<() => Promise<(string | null)[]>> {
    const seen = await this.status.evaluateHandle((status) => {
      const seen = new Set<string | null>()
      new MutationObserver(() => seen.add(status.textContent)).observe(status, {
        childList: true,
        characterData: true,
        subtree: true,
      })
      return seen
    })
    return () => seen.evaluate((seen) => [...seen])
  }

  /** The page's worker, when it is there. */
  async worker(): Promise<Worker> {
    await expect.poll(() => this.page.workers().length).toBe(1)
    return this.page.workers()[0]!
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
  // As one string: a list of 65,536 numbers takes Playwright 300 ms.
  const bytes = await canvas.evaluate((element: HTMLCanvasElement) => {
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height)
    return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''))
  })
  return Buffer.from(bytes, 'base64')
}

interface Fixtures {
  demo: DemoPage
  /** The only server that the page may ask for anything. */
  server: TestServer
  studio: Studio
  /** Where the demo seems to lie; at the root by default. */
  folder: string
  /** Console messages that are no failure. */
  expectedMessages: RegExp[]
}

/**
 * `demo` on its server, and a watch on the page: a console error or warning that is not in `expectedMessages` fails the
 * test, and so does a request to another host.
 */
export const test = base.extend<Fixtures>({
  studio: ['emoji model', { option: true }],
  folder: ['', { option: true }],
  expectedMessages: [[], { option: true }],
  server: async ({ studio, folder }, use, { config }) => {
    const server = await serve(config, studio, folder)
    await use(server)
    await server.close()
  },
  baseURL: ({ server }, use) => use(server.origin),
  demo: async ({ page, server, expectedMessages }, use) => {
    const complaints: string[] = []
    const onError = (error: Error) => {
      complaints.push(error.message)
    }
    const onMessage = (message: ConsoleMessage) => {
      const expected = expectedMessages.some((pattern) => pattern.test(message.text()))
      if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text())
    }
    const onRequest = (request: Request) => {
      const { origin, protocol } = new URL(request.url())
      const own = [server.origin, server.insecureOrigin].includes(origin)
      if (protocol.startsWith('http') && !own) complaints.push(request.url())
    }
    page.on('pageerror', onError).on('console', onMessage).on('request', onRequest)
    await use(new DemoPage(page))
    page.off('pageerror', onError).off('console', onMessage).off('request', onRequest)
    expect(complaints).toEqual([])
  },
})

type Keep = (studio: Studio, query: string) => Promise<Kept>

interface Kept {
  server: TestServer
  page: Page
}

/**
 * For tests that share a page whose model is ready: `DemoPage.ask` begins something new on it. It stays as long as its
 * process, which ends when a test fails.
 */
export const testOnKeptPage = test.extend<{ query: string; kept: Kept }, { keep: Keep }>({
  /** What the page is opened with: its engine. */
  query: ['', { option: true }],
  keep: [
    async ({ browser }, use, { config }) => {
      const pages = new Map<string, Promise<Kept>>()
      const open = async (studio: Studio, query: string): Promise<Kept> => {
        const server = await serve(config, studio)
        const permissions = ['clipboard-read', 'clipboard-write']
        const context = await browser.newContext({ baseURL: server.origin, permissions, ...STILL })
        const demo = new DemoPage(await context.newPage())
        await demo.open(query)
        await expect(demo.status).toHaveText('ready')
        return { server, page: demo.page }
      }
      await use((studio, query) => {
        const key = `${studio} ${query}`
        if (!pages.has(key)) pages.set(key, open(studio, query))
        return pages.get(key)!
      })
      for (const { server, page } of await Promise.all(pages.values())) {
        await page.context().close()
        await server.close()
      }
    },
    { scope: 'worker' },
  ],
  kept: async ({ keep, studio, query }, use) => use(await keep(studio, query)),
  server: ({ kept }, use) => use(kept.server),
  context: ({ kept }, use) => use(kept.page.context()),
  page: ({ kept }, use) => use(kept.page),
})

async function serve({ projects }: FullConfig, studio: Studio, folder?: string): Promise<TestServer> {
  const server = await TestServer.start(projects[0]!.use.baseURL!, folder)
  if (studio === 'small model') await serveSmallModel(server)
  if (studio === 'stub') await serveStub(server)
  return server
}

/** Made once in each process. */
let substitutes: Promise<Substitute[]> | undefined
let stub: Promise<Buffer> | undefined

/** Serves the small model in the place of the demo's own, with the page's scripts expecting its checksums. */
export async function serveSmallModel(server: TestServer): Promise<void> {
  substitutes ??= smallModel()
  const files = await substitutes
  for (const { file, content } of files) server.replace(file, content)
  server.rewrite(/\.js$/, (script) => {
    const text = script.toString('latin1')
    const changed = files.reduce((text, { sha256 }) => text.replace(sha256.original, sha256.substitute), text)
    return Buffer.from(changed, 'latin1')
  })
}

async function serveStub(server: TestServer): Promise<void> {
  stub ??= bundle(fileURLToPath(new URL('./studio_stub.ts', import.meta.url)))
  const script = await stub
  server.rewrite(WORKER_SCRIPT, () => script)
}

async function bundle(entry: string): Promise<Buffer> {
  const { build } = await import('vite')
  const [{ output }] = (await build({
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: { write: false, lib: { entry, formats: ['es'] } },
  })) as [Rolldown.RolldownOutput]
  return Buffer.from(output[0].code)
}
