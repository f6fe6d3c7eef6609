import { expect } from '@playwright/test'
import { STILL, test, WORKER_SCRIPT } from './fixtures'

// The demo's worker with networks that are small: everything but the meaning of the pictures is real.
test.use({ studio: 'small model', contextOptions: STILL })

test('shows and switches what is in the engine room', async ({ demo, page }) => {
  await demo.open('?prompt=panda&style=noto&steps=2&engine=webgpu')
  await expect(demo.status).toHaveText('ready')
  const room = page.getByTestId('engine-room')
  await room.getByText('Engine room').click()
  await expect(room.locator('[data-fact=adapter]')).not.toHaveText('–')
  await demo.draw()
  await expect(room.locator('[data-fact=columnsAll]')).toHaveText(/^\d+ of 512$/)
  await room.getByTestId('live-preview').uncheck()
  await demo.draw()
  await expect(room.locator('[data-fact=columnsAll]')).toHaveText('–')
  await room.getByTestId('method').selectOption('purity')
  await expect(room.getByTestId('truncation')).toBeDisabled()
  await room.getByTestId('engine-cpu').check({ force: true })
  await demo.runsOn('CPU', 'WebAssembly')
  await demo.draw()
  await expect(room.locator('[data-fact=networkMean]')).toHaveText(/m?s$/)
  expect(new URL(page.url()).searchParams.get('method')).toBe('purity')
})

test.describe('on an address that browsers do not trust', () => {
  test.use({ expectedMessages: [/Cross-Origin-Opener-Policy header has been ignored/] })

  test('draws without WebGPU what the CPU engine draws, and says so', async ({ demo, page, server }) => {
    const request = '?prompt=red+heart&style=3d&seed=3&steps=2&auto=1'
    await page.goto(`${server.insecureOrigin}/${request}`)
    const pixels = await demo.drawn()
    await demo.runsOn('CPU', 'WebAssembly')
    await expect(page.getByTestId('notice')).toContainText('There is no WebGPU here')
    await demo.open(`${request}&engine=cpu`)
    expect(await demo.drawn()).toEqual(pixels)
  })
})

for (const [fault, script, reason] of [
  [
    'refuses a device',
    `() => Promise.reject(new DOMException('Too many devices.', 'OperationError'))`,
    'Too many devices',
  ],
  // The first shaders are compiled on a device that is gone.
  [
    'loses its device at once',
    `async function () { const device = await request.call(this); setTimeout(() => device.destroy()); return device }`,
    'The graphics device was lost as it was prepared',
  ],
] as const)
  test(`opens the CPU engine if WebGPU ${fault}, and says so`, async ({ demo, page, server }) => {
    const changed = `const request = GPUAdapter.prototype.requestDevice; GPUAdapter.prototype.requestDevice = ${script};`
    server.rewrite(WORKER_SCRIPT, (worker) => Buffer.concat([Buffer.from(changed), worker]))
    await demo.open('?engine=webgpu')
    await expect(demo.status).toHaveText('ready')
    await demo.runsOn('CPU', 'WebAssembly')
    await expect(page.getByTestId('notice')).toContainText(reason)
    await expect(page.getByTestId('notice')).toContainText('Everything runs on the CPU instead')
  })

test('shows what is loaded, and waits with a picture until all is there', async ({ demo, page }) => {
  const arrive = await demo.holdBack('**/denoiser/weights.bin')
  await demo.open('?prompt=snowman&steps=1&engine=cpu')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText(/(Loading the model|Downloading once): 25\.1 of 45\.2 MB/)
  await expect(page.getByTestId('notice')).toHaveText(/^Runtime ✓, network \(draws tokens\) \d+ %, decoder/)
  await expect(demo.status).toHaveText('loading')
  const waiting = page.getByTestId('waiting')
  await expect(waiting).toHaveText('snowman, Any style: drawn as soon as the model is loaded.')
  await demo.example('ghost').click()
  await expect(waiting).toContainText('loaded. Next: ghost.')
  await demo.example('panda').click()
  await expect(waiting).toContainText('loaded. Next: panda.')
  arrive()
  await expect(page.getByTestId('canvas')).toHaveAccessibleName('panda, Noto')
  await demo.drawn()
})

test('names a model file that the server answers with a web page', async ({ demo, page }) => {
  await page.route('**/vqvae/decoder.onnx', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  )
  await demo.open()
  await expect(demo.status).toHaveText(
    'error: The file vqvae/decoder.onnx is missing: the server sent a web page in its place.',
  )
})

test('names a model file that is missing, and tries again when told to', async ({ demo, page }) => {
  await page.route('**/denoiser/model_int8.onnx', (route) => route.fulfill({ status: 404 }))
  await demo.open('?prompt=red+heart&steps=1&engine=cpu')
  await expect(demo.status).toHaveText('error: The file denoiser/model_int8.onnx is missing: the server answered 404.')
  await page.unroute('**/denoiser/model_int8.onnx')
  await demo.draw()
})
