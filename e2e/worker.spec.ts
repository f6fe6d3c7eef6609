import { expect, type Page } from '@playwright/test'
import { STILL, test } from './demo_page'

// The demo's worker with networks that are small: everything but the meaning of the pictures is real.
test.use({
  studio: 'small model',
  permissions: ['clipboard-read', 'clipboard-write'],
  contextOptions: STILL,
})

/** The middle of a cell of the 16×16 grid on the picture that is seen large. */
async function middleOf(page: Page, row: number, column: number): Promise<[x: number, y: number]> {
  const { x, y, width, height } = (await page.locator('#brush').boundingBox())!
  return [x + ((column + 0.5) * width) / 16, y + ((row + 0.5) * height) / 16]
}

test('draws the same picture from the same seed, another one from another seed, and varies it', async ({
  demo,
  page,
}) => {
  await demo.open('?prompt=panda&style=noto&seed=1&steps=2&auto=1')
  const first = await demo.drawn()
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '2')
  expect(await demo.draw()).toEqual(first)
  await page.getByTestId('dice').click()
  await expect(page.getByTestId('seed')).not.toHaveValue('1')
  const second = await demo.draw()
  expect(second).not.toEqual(first)
  expect(await demo.draw(() => page.getByTestId('vary').click())).not.toEqual(second)
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '1')
})

/** Presses Stop as soon as the page shows this. */
async function stopAt(page: Page, text: string): Promise<void> {
  await page.getByTestId('progress').evaluate((progress, text) => {
    const stop = progress.querySelector('button')!
    new MutationObserver(() => progress.textContent!.includes(text) && stop.click()).observe(progress, {
      childList: true,
      characterData: true,
      subtree: true,
    })
  }, text)
}

test('stops within a step or two, and draws the same as before afterwards', async ({ demo, page }) => {
  const stepShown = async () => Number((await page.getByTestId('progress').textContent())!.match(/step (\d+)/)![1])
  await demo.open('?prompt=ghost&style=blob&steps=2&auto=1')
  const before = await demo.drawn()
  await page.getByTestId('steps').fill('60')
  await stopAt(page, 'step 2 of 60')
  await demo.generate.click()
  await expect(demo.status).toHaveText('stopped')
  expect(await stepShown()).toBeLessThan(6)
  await expect(page.getByTestId('save')).toBeDisabled()
  await page.getByTestId('steps').fill('2')
  expect(await demo.draw()).toEqual(before)
})

test('repaints the brushed cells and leaves every other token as it is', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&style=noto&steps=2&auto=1`)
  await demo.drawn()
  const before = await demo.tokens()

  await page.getByTestId('mask-brush').click()
  await expect(page.getByTestId('repaint')).toBeDisabled()
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('Brush over some cells first')
  await page.mouse.move(...(await middleOf(page, 4, 2)))
  await page.mouse.down()
  await page.mouse.move(...(await middleOf(page, 4, 9)))
  await page.mouse.move(...(await middleOf(page, 9, 9)))
  await page.mouse.up()
  const brushed = (cell: number) => {
    const [row, column] = [Math.floor(cell / 16), cell % 16]
    return (row === 4 && column >= 2 && column <= 9) || (column === 9 && row >= 4 && row <= 9)
  }

  await page.getByTestId('prompt').fill('ghost')
  await demo.draw(() => page.getByTestId('repaint').click())
  const after = await demo.tokens()
  expect(after.filter((token, cell) => !brushed(cell) && token !== before[cell])).toEqual([])
  expect(after.filter((token, cell) => brushed(cell) && token !== before[cell]).length).toBeGreaterThan(0)
})

test('shows and switches what is in the engine room', async ({ demo, page }) => {
  await demo.open('?prompt=panda&style=noto&steps=2')
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
  await expect(demo.backend).toHaveText('engine cpu · network wasm')
  await demo.draw()
  await expect(room.locator('[data-fact=networkMean]')).toHaveText(/m?s$/)
  expect(new URL(page.url()).searchParams.get('method')).toBe('purity')
})

test('draws without WebGPU what the CPU engine draws, and says so', async ({ demo, page, server }) => {
  const request = '?prompt=red+heart&style=3d&seed=3&steps=2&auto=1'
  await page.goto(`${server.insecureOrigin}/${request}`)
  const pixels = await demo.drawn()
  await expect(demo.backend).toHaveText('engine cpu · network wasm')
  await expect(page.getByTestId('notice')).toContainText('There is no WebGPU here')
  await demo.open(`${request}&engine=cpu`)
  expect(await demo.drawn()).toEqual(pixels)
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
  await demo.open('?prompt=snowman&steps=1&engine=cpu')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('25.1 of 45.4 MB · 55 %')
  await expect(demo.status).toHaveText('loading')
  arrive()
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
  await page.route('**/denoiser/model.onnx', (route) => route.fulfill({ status: 404 }))
  await demo.open('?prompt=red+heart&steps=1&engine=cpu')
  await expect(demo.status).toHaveText('error: The file denoiser/model.onnx is missing: the server answered 404.')
  await page.unroute('**/denoiser/model.onnx')
  await demo.draw()
})
