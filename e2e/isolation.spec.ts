import { expect, type Page } from '@playwright/test'
import { STICKERS } from '../demo/model/stickers'
import { encodeTokens } from '../demo/picture/token_text'
import { DemoPage } from './demo_page'
import { STILL, test, WORKER_SCRIPT } from './fixtures'
import type { TestServer } from './test_server'

// Threads need a page that is cross-origin isolated.
test.use({ studio: 'small model', contextOptions: STILL })

/** The engine that is ready first. */
const QUICK = '?engine=cpu'
const DRAWN = `${QUICK}&prompt=red+heart&style=3d&seed=3&steps=1&auto=1`
const HEADERS = ['cross-origin-opener-policy', 'cross-origin-embedder-policy']

const isIsolated = (page: Page) => page.evaluate(() => crossOriginIsolated)

/** What the engine room says of the network. */
const network = (page: Page) => page.locator('[data-fact=network]')

/** The number of threads of a page that is isolated. */
async function allThreads(page: Page): Promise<string> {
  const threads = await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency))
  return `WebAssembly, ${threads} thread${threads > 1 ? 's' : ''}`
}

/** For each time that the page is loaded from now on: how many large files were asked for before. */
function watchLoads(page: Page, server: TestServer): number[] {
  const loads: number[] = []
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame())
      loads.push(server.requests.filter(({ path }) => /\.(onnx|wasm)$/.test(path)).length)
  })
  return loads
}

/** Waits until the page is ready, and long enough for a reload that should not come. */
async function settled({ status, page }: DemoPage): Promise<void> {
  await expect(status).toHaveText('ready')
  await page.waitForTimeout(300)
}

test('draws with threads where the host sends the headers, and with one if they do not start', async ({
  demo,
  page,
  server,
}) => {
  const loads = watchLoads(page, server)
  await demo.open(DRAWN)
  const pixels = await demo.drawn()
  expect(await isIsolated(page)).toBe(true)
  await expect(network(page)).toHaveText(await allThreads(page))
  expect(loads).toEqual([0])

  server.rewrite(WORKER_SCRIPT, (worker) =>
    Buffer.concat([
      Buffer.from("globalThis.Worker = class { constructor() { throw new Error('No more.') } };"),
      worker,
    ]),
  )
  await page.evaluate(async () => {
    for (const key of await caches.keys()) if (!key.includes('models')) await caches.delete(key)
  })
  await page.reload()
  expect(await demo.drawn()).toEqual(pixels)
  await expect(network(page)).toHaveText('WebAssembly, 1 thread')
})

test.describe('a thread that never answers', () => {
  test.use({ expectedMessages: [/MIME type|worker sent an error/] })

  test('leaves one thread', async ({ demo, page, server }) => {
    const elsewhere =
      'const Thread = Worker; globalThis.Worker = class extends Thread {' +
      " constructor(url, options) { super(new URL('/nowhere', url), options) } };" +
      // The worker's clock goes ten times as fast: it gives up sooner.
      'const wait = setTimeout; globalThis.setTimeout = (callback, delay) => wait(callback, delay / 10);'
    server.rewrite(WORKER_SCRIPT, (worker) => Buffer.concat([Buffer.from(elsewhere), worker]))
    await demo.open(QUICK)
    await expect(demo.status).toHaveText('ready')
    await expect(network(page)).toHaveText('WebAssembly, 1 thread')
  })
})

test.describe('on a host that sends no headers', () => {
  test.beforeEach(({ server }) => server.omit(...HEADERS))

  test('reloads once before anything is loaded, and then draws the same with threads', async ({
    demo,
    page,
    server,
    browser,
  }) => {
    const loads = watchLoads(page, server)
    await demo.open(DRAWN)
    const pixels = await demo.drawn()
    expect(loads).toEqual([0, 0])
    expect(await isIsolated(page)).toBe(true)
    await expect(network(page)).toHaveText(await allThreads(page))

    // Without service workers.
    const other = new DemoPage(await browser.newPage({ baseURL: server.origin, ...STILL }))
    await other.page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'))
    await other.open(DRAWN)
    expect(await other.drawn()).toEqual(pixels)
    await expect(network(other.page)).toHaveText('WebAssembly, 1 thread')
    await other.page.context().close()
  })

  test.describe('the page alone', () => {
    test.use({ studio: 'stub', serviceWorkers: 'allow' })

    test('keeps a share link', async ({ demo, page, server }) => {
      const loads = watchLoads(page, server)
      const tokens = encodeTokens(new Uint16Array(256).fill(5), STICKERS.grid)
      await demo.open(`?prompt=red+heart&steps=3#picture=0123456789ab.${tokens}`)
      await expect(page.getByTestId('progress')).toContainText('as it was drawn')
      expect(await isIsolated(page)).toBe(true)
      expect(loads).toHaveLength(2)
      await expect(page.getByTestId('prompt')).toHaveValue('red heart')
      expect(new URL(page.url()).hash).toContain('#picture=')
      await page.goto(`${server.origin}/model_card.html`)
      expect(await isIsolated(page)).toBe(true)
    })

    for (const [name, fault] of [
      ['with a service worker that changes nothing', ''],
      ['with one that cannot be installed', "throw new Error('No.')"],
    ] as const)
      test(`never reloads twice: ${name}`, async ({ demo, page, server }) => {
        server.rewrite('/sw.js', () => Buffer.from(fault))
        const loads = watchLoads(page, server)
        await demo.open(QUICK)
        await settled(demo)
        expect(loads).toHaveLength(fault === '' ? 2 : 1)
        await page.reload()
        await settled(demo)
        expect(loads).toHaveLength(fault === '' ? 3 : 2)
        expect(await isIsolated(page)).toBe(false)
      })

    test('does not reload with a GPU, nor when another engine is chosen then', async ({ demo, page, server }) => {
      const loads = watchLoads(page, server)
      await demo.open('?network=webgpu')
      await settled(demo)
      await page.getByText('Engine room').click()
      await page.getByTestId('engine-cpu').check({ force: true })
      await demo.runsOn('CPU', 'WebAssembly')
      await settled(demo)
      expect(loads).toHaveLength(1)
      expect(await isIsolated(page)).toBe(false)
    })

    test('does not reload when the user has begun', async ({ demo, page, server }) => {
      // The service worker takes until a key is pressed.
      await page.addInitScript(() => {
        const { register } = ServiceWorkerContainer.prototype
        ServiceWorkerContainer.prototype.register = async function (...options) {
          await new Promise((resolve) => addEventListener('keyup', resolve, { once: true }))
          return register.apply(this, options)
        }
      })
      const loads = watchLoads(page, server)
      await demo.open(QUICK)
      await page.getByTestId('prompt').press('c')
      await settled(demo)
      expect(loads).toHaveLength(1)
      await expect(page.getByTestId('prompt')).toHaveValue(/c/)
    })

    test('does not reload in a frame', async ({ page, server }) => {
      server.omit('content-security-policy')
      server.rewrite('/model_card.html', () =>
        Buffer.from(`<iframe src="./${QUICK}" width="900" height="900"></iframe>`),
      )
      let loads = 0
      page.on('request', (request) => {
        if (request.isNavigationRequest()) loads++
      })
      await page.goto(`${server.origin}/model_card.html`)
      await settled({ status: page.frameLocator('iframe').getByTestId('status'), page } as DemoPage)
      expect(loads).toBe(2)
    })
  })
})
