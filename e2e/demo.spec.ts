import { readFile } from 'node:fs/promises'
import { expect } from '@playwright/test'
import { expectRedHeart, insecureOrigin, serveInsecurely, test } from './demo_page'

test('draws at the first press what the page shows: a red heart, in the usual 16 steps', async ({ demo, page }) => {
  await demo.open()
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('prompt')).toHaveValue('red heart')
  await expect(page.getByTestId('steps')).toHaveValue('16')
  await expect(page.getByTestId('guidance')).toHaveValue('2.5')
  expectRedHeart(await demo.draw())
  await expect(demo.backend).toHaveText('engine webgpu · network wasm')
  await expect(page.getByTestId('progress')).toContainText(/16 steps · .+ a step · .+ in all/)
})

test('draws anything when the prompt is cleared, and keeps it cleared', async ({ demo, page }) => {
  await demo.open('?steps=1&guidance=1')
  await page.getByTestId('prompt').fill('')
  await demo.draw()
  await expect(page.getByTestId('canvas')).toHaveAccessibleName('Anything, 3D · Fluent')
  await page.reload()
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('prompt')).toHaveValue('')
})

test('draws the same picture from the same seed and another one from another seed', async ({ demo, page }) => {
  await demo.open('?prompt=panda&style=noto&seed=1&steps=6&auto=1')
  const first = await demo.drawn()
  expect(await demo.draw()).toEqual(first)
  await page.getByTestId('dice').click()
  await expect(page.getByTestId('seed')).not.toHaveValue('1')
  expect(await demo.draw()).not.toEqual(first)
})

test('draws with the CPU engine, and writes the settings into the address', async ({ demo, page }) => {
  await demo.open('?engine=cpu&steps=7')
  await page.getByTestId('prompt').fill('red heart')
  await page.getByTestId('style').selectOption('3d')
  await page.getByTestId('seed').fill('12')
  expectRedHeart(await demo.draw())
  await expect(demo.backend).toHaveText('engine cpu · network wasm')
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
    ...{ prompt: 'red heart', style: '3d', steps: '7', guidance: '2.5', seed: '12', engine: 'cpu' },
  })
})

test('has the request in the address while it is drawn, so that a reload loses none of it', async ({ demo, page }) => {
  await demo.open('?prompt=ghost&steps=60#picture=of-something-else')
  await expect(demo.status).toHaveText('ready')
  await page.getByTestId('prompt').fill('blue butterfly')
  await page.getByTestId('guidance').fill('1')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('step 1 of 60')
  expect(new URL(page.url()).hash).toBe('')
  await page.reload()
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('prompt')).toHaveValue('blue butterfly')
  await expect(page.getByTestId('guidance')).toHaveValue('1')
})

test('stops within a step or two, and draws again afterwards', async ({ demo, page }) => {
  const stepShown = async () => Number((await page.getByTestId('progress').textContent())!.match(/step (\d+)/)![1])
  await demo.open('?prompt=ghost&style=blob&steps=60')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('step 2 of 60')
  await page.getByTestId('stop').click()
  await expect(demo.status).toHaveText('stopped')
  expect(await stepShown()).toBeLessThan(6)
  await expect(page.getByTestId('save')).toBeDisabled()
  await page.getByTestId('steps').fill('6')
  await demo.draw()
})

test('fills the form from the address, sensibly, and starts when told to', async ({ demo, page }) => {
  await demo.open('?prompt=green+apple&style=cubist&steps=0&guidance=99&seed=-3&engine=quantum&auto=1')
  await expect(page.getByTestId('prompt')).toHaveValue('green apple')
  await expect(page.getByTestId('style')).toHaveValue('any')
  await expect(page.getByTestId('steps')).toHaveValue('1')
  await expect(page.getByTestId('guidance')).toHaveValue('10')
  await expect(page.getByTestId('seed')).toHaveValue('0')
  await demo.drawn()
})

test('saves a PNG with transparency', async ({ demo, page }) => {
  await demo.open('?prompt=red+heart&style=3d&seed=5&steps=6&auto=1')
  await demo.drawn()
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save').click()])
  expect(saved.suggestedFilename()).toBe('red-heart-3d-5.png')
  const png = await readFile(await saved.path())
  expect(png.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([128, 128])
  const truecolourWithAlpha = 6
  expect(png[25]).toBe(truecolourWithAlpha)
})

test('completes words by keyboard and says which ones it ignores', async ({ demo, page }) => {
  const prompt = page.getByTestId('prompt')
  await demo.open('?prompt=')
  await expect(demo.status).toHaveText('ready')
  await prompt.pressSequentially('florbish, "red" butterf')
  await expect(page.getByTestId('ignored')).toHaveText('ignored: florbish')
  await prompt.press('ArrowDown')
  await expect(page.getByRole('option', { name: 'butterfly' })).toHaveAttribute('aria-selected', 'true')
  await prompt.press('Enter')
  await expect(prompt).toHaveValue('florbish, "red" butterfly ')
  await prompt.pressSequentially('zq')
  await expect(page.getByTestId('ignored')).toHaveText('ignored: florbish, zq')
  await prompt.fill(`${'red '.repeat(15)}heart.`)
  await expect(page.getByTestId('ignored')).toHaveText('ignored: heart')
  await expect(demo.status).toHaveText('ready')
})

test('shows what is loaded, and waits with a picture until all is there', async ({ demo, page }) => {
  let arrive = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  await page.route('**/denoiser/model.onnx', async (route) => {
    await arrived
    await route.continue()
  })
  await demo.open('?prompt=snowman&steps=1')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('25.1 of 45.4 MB · 55 %')
  await expect(demo.status).toHaveText('loading')
  arrive()
  await demo.drawn()
})

test('fits a phone', async ({ demo, page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await demo.open()
  await expect(demo.status).toHaveText('ready')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
})

test('draws without WebGPU and says so', async ({ demo, page, baseURL }) => {
  await serveInsecurely(page, baseURL!)
  await page.goto(`${insecureOrigin}/?prompt=red+heart&style=3d&seed=3&steps=7&auto=1`)
  expectRedHeart(await demo.drawn())
  await expect(demo.backend).toHaveText('engine cpu · network wasm')
  await expect(page.getByTestId('notice')).toContainText('There is no WebGPU here')
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
  await page.route('**/denoiser/model.onnx', (route) => route.fulfill({ status: 404 }))
  await demo.open('?prompt=red+heart&steps=1')
  await expect(demo.status).toHaveText('error: The file denoiser/model.onnx is missing: the server answered 404.')
  await page.unroute('**/denoiser/model.onnx')
  await demo.draw()
})
