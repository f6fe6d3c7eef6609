import { expect, type Locator } from '@playwright/test'
import type { Pixels } from './demo_page'
import { STILL, test } from './fixtures'

// The whole chain, with the demo's own model.
test.use({ studio: 'emoji model', contextOptions: STILL, permissions: ['clipboard-read', 'clipboard-write'] })

// One after the other: the network takes all cores.
test.describe.configure({ mode: 'default' })

/** Share of the canvas that is opaque, and share of that which is red. */
function describePixels(pixels: Pixels): { opaque: number; red: number; corners: number[] } {
  let opaque = 0
  let red = 0
  for (let at = 0; at < pixels.length; at += 4) {
    const [r, g, b, a] = pixels.subarray(at, at + 4) as Iterable<number> as [number, number, number, number]
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

function expectRedHeart(pixels: Pixels): void {
  const { opaque, red, corners } = describePixels(pixels)
  expect(pixels.length).toBe(4 * 128 * 128)
  expect(opaque).toBeGreaterThan(0.2)
  expect(opaque).toBeLessThan(0.9)
  expect(red).toBeGreaterThan(0.8)
  expect(Math.max(...corners)).toBeLessThan(26)
}

/** How far the values of the canvas are from those of an image file, on average, 0 … 255. */
function meanDifference(canvas: Locator, url: string): Promise<number> {
  return canvas.evaluate(async (canvas: HTMLCanvasElement, url) => {
    const { width, height } = canvas
    const file = await (await fetch(url)).blob()
    const image = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' })
    const context = new OffscreenCanvas(width, height).getContext('2d')!
    context.drawImage(image, 0, 0)
    const expected = context.getImageData(0, 0, width, height).data
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
    return data.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / data.length
  }, url)
}

test('draws at the first press what the page shows: a red heart, in the steps of the default preset', async ({
  demo,
  page,
}) => {
  await demo.open()
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('prompt')).toHaveValue('red heart')
  await expect(page.getByTestId('quality-default')).toBeChecked()
  await expect(page.getByTestId('steps')).toHaveValue('10')
  expectRedHeart(await demo.draw())
  await demo.runsOn('CPU', 'WebAssembly')
  await expect(page.getByTestId('notice')).toContainText('WebGPU runs in software here')
  await expect(page.getByTestId('progress')).toContainText(/10 steps · .+ a step · .+ in all/)
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toMatchObject({
    ...{ prompt: 'red heart', steps: '10', guidance: '1.5', guidedFrom: '20', guidedTo: '99', truncation: '0.7' },
  })
})

test('starts from a picture: its reconstruction at strength 0, another picture at more', async ({ demo, page }) => {
  await demo.open('?prompt=ghost&style=noto&steps=2&guidance=1&engine=cpu')
  await expect(demo.status).toHaveText('ready')
  const texts = await demo.watchTexts(page.locator('#readout'))
  await page.locator('#picture-file').setInputFiles('demo/public/icon-512.png')
  await expect(page.locator('#source-name')).toHaveText('Starts from icon-512.png')
  // The encoder is downloaded now.
  expect((await texts()).join()).toMatch(/(Loading the model|Downloading once): [1-9]\d*\.\d of \d+\.\d MB/)
  await page.getByTestId('background').click()
  await expect(page.getByTestId('background')).toHaveText('Remove background')
  const reconstruction = await demo.drawn()
  expect(await meanDifference(demo.canvas, 'icon-512.png')).toBeLessThan(8)
  const tokens = await demo.tokens()

  await page.getByTestId('strength').fill('0')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('0 steps')
  expect(await demo.drawn()).toEqual(reconstruction)
  expect(await demo.tokens()).toEqual(tokens)

  await page.getByTestId('strength').fill('1')
  await demo.draw()
  expect(await demo.tokens()).not.toEqual(tokens)
  await page.getByRole('button', { name: 'Start from noise again' }).click()
  await expect(demo.generate).toHaveText('Generate')
})
