import { fileURLToPath } from 'node:url'
import { test as base, type ConsoleMessage, expect, type FullConfig, type Page, type Request } from '@playwright/test'
import type { Rolldown } from 'vite'
import { DemoPage } from './demo_page'
import { type Substitute, smallModel } from './small_model'
import { TestServer } from './test_server'

/**
 * What the page has behind it: the demo's own model, or the small one (small_model.ts), both in the demo's worker; or a
 * stub of the worker without any model (studio_stub.ts).
 */
export type Studio = 'emoji model' | 'small model' | 'stub'

/** What Playwright says in the page where it blocks service workers. */
const BLOCKED = /^Service Worker registration blocked by Playwright/

/** The script of the demo's worker. */
export const WORKER_SCRIPT = /\/assets\/studio-[^/]*\.js$/

/**
 * For tests that are not about the page: without the moving dots, whose frames cost as much as a step of the small model.
 */
export const STILL = { reducedMotion: 'reduce' } as const

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
  // To store the whole page takes longer than most of these tests.
  serviceWorkers: ({ studio }, use) => use(studio === 'stub' ? 'block' : 'allow'),
  demo: async ({ page, server, expectedMessages }, use) => {
    const complaints: string[] = []
    const onError = (error: Error) => {
      complaints.push(error.message)
    }
    const onMessage = (message: ConsoleMessage) => {
      const expected = [...expectedMessages, BLOCKED].some((pattern) => pattern.test(message.text()))
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
  /** What the page is opened with: its engine, which on a software adapter is not WebGPU unless it is asked for. */
  query: ['?engine=webgpu', { option: true }],
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
async function serveSmallModel(server: TestServer): Promise<void> {
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
