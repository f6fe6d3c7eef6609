import { type CDPSession, expect, type Page, type Worker } from '@playwright/test'
import { STILL, test } from './fixtures'

test.use({ studio: 'small model', contextOptions: STILL })

const QUICK = '?prompt=red+heart&style=3d&seed=3&engine=webgpu'

/** What the tests put into the worker. */
interface Watched {
  losses: number
  /** The last that made a command encoder. */
  device: GPUDevice
  /** Bytes of the buffers that are not destroyed, now and at most. */
  gpuBytes: () => { now: number; most: number }
}

/** Has the worker destroy its device as it makes its n-th command encoder from now on: n = 1, 2, … of a list. */
function loseDeviceAt(worker: Worker, calls: number[]): Promise<void> {
  return worker.evaluate((calls) => {
    const watched = globalThis as unknown as Watched
    const { createCommandEncoder } = GPUDevice.prototype
    let call = 0
    watched.losses = 0
    GPUDevice.prototype.createCommandEncoder = function (descriptor) {
      watched.device = this
      if (calls.includes(++call)) {
        watched.losses++
        this.destroy()
      }
      return createCommandEncoder.call(this, descriptor)
    }
  }, calls)
}

const lossesOf = (worker: Worker) => worker.evaluate(() => (globalThis as unknown as Watched).losses)

test('draws the same picture though its device is destroyed: early, late, repeatedly and unused', async ({ demo }) => {
  await demo.open(`${QUICK}&steps=4`)
  await demo.lockSeed()
  const undisturbed = await demo.draw()
  const worker = await demo.worker()
  const states = await demo.watchStates()
  for (const calls of [[1], [8, 28]]) {
    await loseDeviceAt(worker, calls)
    expect(await demo.draw()).toEqual(undisturbed)
    expect(await lossesOf(worker)).toBe(calls.length)
  }
  await worker.evaluate(() => (globalThis as unknown as Watched).device.destroy())
  expect(await demo.draw()).toEqual(undisturbed)
  expect(await states()).toEqual(['drawing', 'done'])
})

test('gives up when the device is lost again and again, and then draws with another worker', async ({ demo }) => {
  await demo.open(`${QUICK}&steps=2`)
  await expect(demo.status).toHaveText('ready')
  // From the third call on, on whichever device.
  await loseDeviceAt(
    await demo.worker(),
    Array.from({ length: 100 }, (_, i) => i + 3),
  )
  await demo.generate.click()
  await expect(demo.status).toHaveText(/^error: The graphics device was lost/)
  await demo.draw()
})

test('draws eight pictures in a row without holding more memory at the end', async ({ demo, page }) => {
  page.once('worker', (worker) => worker.evaluate(countBuffers))
  await demo.open(`${QUICK}&steps=1`)
  const worker = await demo.worker()
  const heap = await heapOf(page)
  const memory = async () => ({
    ...(await worker.evaluate(() => (globalThis as unknown as Watched).gpuBytes())),
    heap: await heap(),
  })
  const draw = async (pictures: number) => {
    for (let picture = 0; picture < pictures; picture++) {
      await demo.generate.click()
      await demo.done()
    }
  }
  // The first pictures have memory laid out that stays.
  await draw(3)
  const before = await memory()
  await draw(8)
  const after = await memory()
  test.info().annotations.push({ type: 'memory', description: JSON.stringify({ before, after }) })
  expect(before.most).toBeGreaterThan(1e6)
  expect(after.now).toBeLessThanOrEqual(before.now)
  expect(after.heap).toBeLessThan(1.1 * before.heap)
})

/** Runs in the worker, before it has a device: counts the bytes of all buffers that are not destroyed. */
function countBuffers(): void {
  let [now, most] = [0, 0]
  const sizes = new WeakMap<GPUBuffer, number>()
  const { createBuffer } = GPUDevice.prototype
  const { destroy } = GPUBuffer.prototype
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor)
    now += buffer.size
    most = Math.max(most, now)
    sizes.set(buffer, buffer.size)
    return buffer
  }
  GPUBuffer.prototype.destroy = function () {
    now -= sizes.get(this) ?? 0
    sizes.delete(this)
    return destroy.call(this)
  }
  Object.assign(globalThis, { gpuBytes: () => ({ now, most }) })
}

/** Reads the bytes of the worker's JavaScript objects and of their array buffers, after a collection. */
async function heapOf(page: Page): Promise<() => Promise<number>> {
  const session: CDPSession = await page.context().newCDPSession(page)
  const attached = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId)
    })
  })
  // Not flat: Playwright's sessions speak to the page itself only, so messages to its worker are wrapped.
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const sessionId = await attached
  let last = 0
  const ask = (method: string): Promise<Record<string, number>> => {
    const id = ++last
    return new Promise((resolve) => {
      session.on('Target.receivedMessageFromTarget', ({ message }) => {
        const answer = JSON.parse(message)
        if (answer.id === id) resolve(answer.result)
      })
      session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    })
  }
  return async () => {
    await ask('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize = 0 } = await ask('Runtime.getHeapUsage')
    return usedSize! + backingStorageSize
  }
}
