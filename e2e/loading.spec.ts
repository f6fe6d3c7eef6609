import { expect, type Page } from '@playwright/test'
import { STICKERS } from '../demo/model/stickers'
import { readPictureSettings } from '../demo/picture/settings'
import { shareLink } from '../demo/picture/share_link'
import { DemoPage, pixelsOf } from './demo_page'
import { STILL, test, WORKER_SCRIPT } from './fixtures'
import type { TestServer } from './test_server'

const MEGABYTE = 1e6
/** The weights of the denoiser, of any graph. */
const WEIGHTS = 'denoiser/weights.bin'
const DECODER = 'vqvae/decoder.onnx'
const WEIGHTS_BYTES = 20_068_864
/** onnxruntime for WebAssembly; the denoiser's graph and its weights; the decoder. */
const RUNTIME_BYTES = 14_239_897
const ALL_BYTES = RUNTIME_BYTES + 34_890 + WEIGHTS_BYTES + 10_867_213
/** The engine that is ready first. */
const QUICK = '?engine=cpu'
/** Enough to see that it draws. */
const ONE_STEP = `${QUICK}&prompt=red+heart&style=3d&seed=3&steps=1&guidance=1`

// Its files have the size of the demo's own, and are ready sooner.
test.use({ studio: 'small model', contextOptions: STILL })

/** The large files that were asked for. */
function largeRequests({ requests }: TestServer): string[] {
  return requests.map(({ path }) => path).filter((path) => /\.(onnx|wasm)$|weights\.bin$/.test(path))
}

/** The Range header of each request for a file. */
function rangesOf(file: string, { requests }: TestServer): (string | undefined)[] {
  return requests.filter(({ path }) => path.endsWith(file)).map(({ range }) => range)
}

/** What lies in the model's cache: bytes by address. */
function stored(page: Page): Promise<[url: string, bytes: number][]> {
  return page.evaluate(async () => {
    const cache = await caches.open('vq-diffusion-webgpu models')
    const sizeOf = async (key: Request) => (await (await cache.match(key))!.arrayBuffer()).byteLength
    return Promise.all((await cache.keys()).map(async (key): Promise<[string, number]> => [key.url, await sizeOf(key)]))
  })
}

/** How much of a file is stored, or of all. */
async function storedBytes(page: Page, file = ''): Promise<number> {
  return (await stored(page)).reduce((sum, [url, bytes]) => (url.includes(file) ? sum + bytes : sum), 0)
}

/** Waits until the page can do without a connection. */
async function serviceWorkerReady(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })
}

test('stores the model, and takes it from there at the second visit', async ({ demo, page, server }) => {
  await demo.open(QUICK)
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('notice')).not.toContainText('next visit')
  expect(largeRequests(server)).toHaveLength(4)
  expect(await storedBytes(page)).toBe(ALL_BYTES)
  await serviceWorkerReady(page)
  server.requests.length = 0
  await page.reload()
  await expect(demo.status).toHaveText('ready')
  expect(largeRequests(server)).toEqual([])
  // The service worker answers with the stored runtime, whose compiled code the browser keeps.
  const sizes = await (await demo.worker()).evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => name.includes('/runtime/wasm?sha256='))
      .map(({ decodedBodySize }) => decodedBodySize),
  )
  expect(sizes.at(-1)).toBe(RUNTIME_BYTES)
})

test.describe('a shared picture', () => {
  const link = (base: string) =>
    shareLink(
      new URL(base),
      {
        tokens: Uint16Array.from({ length: 256 }, (_, cell) => 11 * cell),
        grid: STICKERS.grid,
        settings: readPictureSettings(new URLSearchParams('prompt=red+heart&style=3d&steps=1&guidance=1'), STICKERS),
        origin: 'drawn',
        modelHash: '0'.repeat(64),
      },
      STICKERS,
    ).replace('?', `${QUICK}&`)

  test('is seen with no more than runtime and decoder; its tokens at once, the rest when something is drawn', async ({
    demo,
    page,
    server,
  }) => {
    const arrive = await demo.holdBack(`**/${DECODER}`)
    await page.goto(link(`${server.origin}/`))
    await expect(page.locator('#title')).toHaveText('red heart, 3D · Fluent')
    await expect(page.getByTestId('prompt')).toHaveValue('red heart')
    const opaque = (pixels: Buffer) => pixels.filter((value, i) => i % 4 === 3 && value === 255).length
    const tokens = await pixelsOf(demo.canvas)
    expect(opaque(tokens)).toBe(128 * 128)
    await expect(demo.status).toHaveText('loading')
    await expect(page.getByTestId('save')).toBeDisabled()

    arrive()
    const picture = await demo.drawn()
    expect(picture).not.toEqual(tokens)
    await expect(page.getByTestId('save')).toBeEnabled()
    const loaded = () => largeRequests(server).filter((path) => !path.startsWith('/wall/'))
    expect(loaded().filter((path) => !path.endsWith('.wasm'))).toEqual([`/models/emoji-16x16/${DECODER}`])
    expect(loaded()).toHaveLength(2)

    await demo.draw()
    expect(loaded()).toHaveLength(4)
    await page.getByTestId('undo').click()
    expect(await pixelsOf(demo.canvas)).toEqual(picture)
  })

  test.describe('whose decoder does not come', () => {
    test.use({ expectedMessages: [/net::ERR_|404/] })

    test('is told, and Generate draws all the same', async ({ demo, page, server }) => {
      await page.route(`**/${DECODER}`, (route) => route.fulfill({ status: 404 }))
      await page.goto(link(`${server.origin}/`))
      await expect(demo.status).toHaveText(`error: The file ${DECODER} is missing: the server answered 404.`)
      await page.unroute(`**/${DECODER}`)
      await demo.draw()
    })
  })
})

test.describe('a connection that breaks', () => {
  test.use({ expectedMessages: [/net::ERR_/] })

  test('is told, and Generate asks only for the rest', async ({ demo, page, server }) => {
    const half = WEIGHTS_BYTES / 2
    server.breakAfter(WEIGHTS, half)
    await demo.open(ONE_STEP)
    await expect(demo.status).toHaveText(`error: The download of ${WEIGHTS} broke off: the connection failed.`)
    const arrived = await storedBytes(page, WEIGHTS)
    // The browser drops what it has received and not yet handed on when a connection fails.
    expect(arrived).toBeGreaterThan(half / 2)
    expect(arrived).toBeLessThanOrEqual(half)
    await demo.draw()
    expect(rangesOf(WEIGHTS, server)).toEqual([undefined, `bytes=${arrived}-`])
    expect(await storedBytes(page)).toBe(ALL_BYTES)
  })

  test('is suspected when the worker does not load, which Generate asks for again', async ({ demo, page }) => {
    await page.route(WORKER_SCRIPT, (route) => route.abort())
    await demo.open(ONE_STEP)
    await expect(demo.status).toHaveText(/^error: A part of this page could not be loaded. Check the connection/)
    await expect(page.getByTestId('progress')).toContainText('Generate tries again.')
    await page.unroute(WORKER_SCRIPT)
    await demo.draw()
  })

  test('is resumed after a reload, too', async ({ demo, page, server }) => {
    server.breakAfter(WEIGHTS, WEIGHTS_BYTES / 2)
    await demo.open(QUICK)
    await expect(demo.status).toHaveText(/^error: The download/)
    const arrived = await storedBytes(page, WEIGHTS)
    await page.reload()
    await expect(demo.status).toHaveText('ready')
    expect(rangesOf(WEIGHTS, server)).toEqual([undefined, `bytes=${arrived}-`])
  })

  test('is resumed from memory where there is no room', async ({ demo, page, server }) => {
    await allowBytes(page, server, MEGABYTE)
    server.breakAfter(WEIGHTS, WEIGHTS_BYTES / 2)
    await demo.open(ONE_STEP)
    await expect(demo.status).toHaveText(/^error: The download/)
    expect(await storedBytes(page)).toBeLessThan(MEGABYTE)
    await demo.draw()
    const [first, second, ...more] = rangesOf(WEIGHTS, server)
    expect([first, more]).toEqual([undefined, []])
    expect(Number(second!.match(/^bytes=(\d+)-$/)![1])).toBeGreaterThan(WEIGHTS_BYTES / 4)
  })
})

test('refuses a file with another checksum, keeps nothing of it, and recovers', async ({ demo, page, server }) => {
  server.rewrite(DECODER, (content) => content.fill(0, 0, 1))
  await demo.open(ONE_STEP)
  await expect(demo.status).toHaveText(
    `error: The file ${DECODER} is not the one that this page expects: its checksum differs. Load the page again.`,
  )
  expect(await storedBytes(page, DECODER)).toBe(0)
  server.restore(DECODER)
  await demo.draw()
  expect(rangesOf(DECODER, server)).toEqual([undefined, undefined])
})

/** Lets the browser store no more than this of the demo's data. */
async function allowBytes(page: Page, server: TestServer, quotaSize: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: server.origin, quotaSize })
}

test('keeps the model in memory when there is no room to store it, and says so', async ({ demo, page, server }) => {
  await allowBytes(page, server, 12 * MEGABYTE)
  await demo.open(`${ONE_STEP}&auto=1`)
  await demo.drawn()
  await expect(page.getByTestId('notice')).toContainText(
    'There was no room to store the model, so the next visit downloads it again.',
  )
  // Chromium looks at its quota when a write begins, so the four files may exceed it by a part each.
  expect(await storedBytes(page)).toBeLessThan(25 * MEGABYTE)
})

test('downloads each file once for two tabs', async ({ demo, page, server, context }) => {
  const other = new DemoPage(await context.newPage())
  await Promise.all([demo.open(QUICK), other.open(QUICK)])
  await expect(demo.status).toHaveText('ready')
  await expect(other.status).toHaveText('ready')
  expect(largeRequests(server)).toHaveLength(4)
  expect(await storedBytes(page)).toBe(ALL_BYTES)
})

test('deletes what is stored when told to, and draws on', async ({ demo, page }) => {
  await demo.open(ONE_STEP)
  await expect(demo.status).toHaveText('ready')
  await page.getByTestId('engine-room').locator('summary').click()
  await expect(page.getByTestId('engine-room')).toContainText('45.2 MB')
  await page.getByTestId('delete-stored').click()
  await expect(page.getByTestId('keep-stored')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('delete-stored')).toBeFocused()
  expect(await storedBytes(page)).toBe(ALL_BYTES)
  await page.getByTestId('delete-stored').click()
  await page.getByTestId('confirm-delete').click()
  await expect(page.getByTestId('engine-room')).toContainText('nothing')
  expect(await stored(page)).toEqual([])
  await demo.draw()
})

test('draws the same without a connection after the first visit', async ({ demo, page, server, context }) => {
  const request = `${ONE_STEP}&auto=1`
  await demo.open(request)
  const online = await demo.drawn()
  await serviceWorkerReady(page)
  await context.setOffline(true)
  server.requests.length = 0
  await page.goto(`/${request}&offline`)
  expect(await demo.drawn()).toEqual(online)
  // The browser itself looks for a newer service worker, whatever Playwright says of the connection.
  expect(server.requests.filter(({ path }) => path !== '/sw.js')).toEqual([])
})

test.describe('a newer version', () => {
  // Which model the page has does not matter.
  test.use({ studio: 'stub', serviceWorkers: 'allow' })

  const isWaiting = (page: Page) =>
    page.evaluate(async () => (await navigator.serviceWorker.ready).waiting?.state === 'installed')
  const renew = (page: Page) => page.getByRole('button', { name: 'newer version' })

  async function openAndRelease(demo: DemoPage, server: TestServer): Promise<void> {
    await demo.open(ONE_STEP)
    await expect(demo.status).toHaveText('ready')
    await serviceWorkerReady(demo.page)
    await expect(renew(demo.page)).toBeHidden()
    server.rewrite('/sw.js', (content) => Buffer.concat([content, Buffer.from('// newer')]))
    await demo.page.reload()
    await expect.poll(() => isWaiting(demo.page)).toBe(true)
  }

  test('leaves an open page alone, and takes over when none is open', async ({ demo, page, server, context }) => {
    await openAndRelease(demo, server)
    await demo.draw()
    expect(await isWaiting(page)).toBe(true)
    await page.close()
    // The browser may notice the closing only after another page has opened, which then keeps the older version too.
    await expect(async () => {
      const next = await context.newPage()
      await next.goto(`${server.origin}/${QUICK}`)
      const waits = await isWaiting(next)
      await next.close()
      expect(waits).toBe(false)
    }).toPass()
  })

  test('takes over when told to', async ({ demo, page, server }) => {
    await openAndRelease(demo, server)
    const reloaded = page.waitForEvent('load')
    await renew(page).click()
    await reloaded
    await expect(demo.status).toHaveText('ready')
    await expect(renew(page)).toBeHidden()
    expect(await isWaiting(page)).toBe(false)
  })
})

test.describe('in a folder', () => {
  test.use({ folder: '/some/where' })

  test('draws, with a server and without', async ({ demo, page, server }) => {
    await page.goto(`${server.origin}/some/where/model_card.html`)
    await expect(page.getByRole('main')).toHaveCSS('display', 'block')
    await page.goto(`${server.origin}/some/where/${ONE_STEP}&auto=1`)
    await demo.drawn()
    await serviceWorkerReady(page)
    expect(server.requests.filter(({ path }) => !path.startsWith('/some/where/'))).toEqual([])
    await server.close()
    await page.reload()
    await demo.drawn()
  })
})

test('draws under its content security policy, workers included', async ({ demo, page }) => {
  const policies = new Set<string | null>()
  page.on('response', async (response) => {
    // The page's own images come from no server.
    if (response.url().startsWith('blob:')) return
    policies.add(await response.headerValue('content-security-policy'))
  })
  // A violation in the page or in a worker is an error on the console, which fails the test.
  await demo.open(`${ONE_STEP}&auto=1`)
  await demo.drawn()
  const meta = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')
  expect(meta).toContain("script-src 'self' 'wasm-unsafe-eval';")
  expect([...policies]).toEqual([meta])
})

test.describe('the content security policy', () => {
  test.use({ expectedMessages: [/violates the following Content Security Policy directive/] })

  test('runs no string as code', async ({ demo, page }) => {
    await demo.open(QUICK)
    const outcome = await page.evaluate(
      () =>
        // The debugger may run strings; only what the page itself does later may not.
        new Promise<string>((resolve) => {
          setTimeout(() => {
            try {
              resolve(Function('return "it ran"')())
            } catch (error) {
              resolve((error as Error).name)
            }
          })
        }),
    )
    expect(outcome).toBe('EvalError')
  })
})
