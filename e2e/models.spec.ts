import { readFile } from 'node:fs/promises'
import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './accessible'
import { pixelsOf } from './demo_page'
import { STILL, test } from './fixtures'
import { classFolder, convertedFolder, serveFolder } from './model_folders'

/** Other models than the stickers', in the worker of the demo. */
test.use({ studio: 'small model', contextOptions: STILL, permissions: ['clipboard-read', 'clipboard-write'] })

/** Drops a folder of this machine on the page, as a person does from another window. */
async function dropFolder(page: Page, folder: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', {
      type,
      x: 200,
      y: 200,
      data: { items: [], files: [folder], dragOperationsMask: 1 },
    })
  await session.detach()
}

test('draws with a converted model of texts that the address names, also when asked before it is open', async ({
  demo,
  page,
  server,
}) => {
  await serveFolder(server, await convertedFolder(), '/models/golden')
  const arrive = await demo.holdBack('**/golden/model_index.json')
  await demo.open('?model=models/golden&prompt=a+teddy+bear&steps=3&seed=5')
  await expect(page.getByTestId('intro')).toHaveText('The model models/golden is being opened.')
  await demo.generate.click()
  await expect(page.getByTestId('waiting')).toHaveText('A picture: drawn as soon as the model is loaded.')
  arrive()
  await expect(demo.canvas).toHaveAccessibleName('a teddy bear')
  const pixels = await demo.drawn()
  await expect(page.getByTestId('intro')).toContainText('The model golden turns noise into pictures of')
  const canvas = await demo.canvas.evaluate(({ width, height }: HTMLCanvasElement) => [width, height])
  expect(pixels).toHaveLength(4 * canvas[0]! * canvas[1]!)
  expect(new Set(pixels).size).toBeGreaterThan(20)
  for (const id of ['style', 'quality-quick', 'surest']) await expect(page.getByTestId(id)).toBeHidden()
  await expect(page.locator('#examples')).toBeHidden()
  await page.getByTestId('prompt').fill('bear '.repeat(90))
  await expect(page.getByTestId('ignored')).toContainText('Too long, left out: bear')
  await expectAccessible(page)
  await page.getByTestId('share').click()
  await expect(page.getByTestId('progress')).toContainText('The link is in the clipboard')
  expect(new URL(page.url()).searchParams.get('model')).toBe('models/golden')
  await page.reload()
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  expect(await pixelsOf(demo.canvas)).toEqual(pixels)
  await demo.open('?model=models/golden&prompt=a+teddy+bear&steps=3&seed=5&auto=1')
  expect(await demo.drawn()).toEqual(pixels)
})

test('draws with a dropped model of classes whose pictures are wide and opaque', async ({ demo, page }) => {
  // Instead of one that is not there, so that no other is loaded.
  await demo.open('?model=models/somewhere-else')
  await expect(demo.status).toContainText('what is there as model_index.json is something else')
  await dropFolder(page, await classFolder())
  await expect(page.getByTestId('intro')).toContainText('5 × 3 tokens of 24 codes')
  await expect(page.getByTestId('prompt')).toBeHidden()
  await page.getByTestId('class-label').fill('14')
  await page.getByTestId('class-label').blur()
  await expect(page.getByTestId('class-label')).toHaveValue('9')
  const pixels = await demo.draw()
  expect(pixels).toHaveLength(4 * 10 * 6)
  const boxOf = (selector: string) =>
    page.locator(selector).evaluate((element) => element.getBoundingClientRect().toJSON())
  expect(await boxOf('.explain-picker')).toEqual(await boxOf('.explain-grid canvas'))
  expect((await boxOf('#last-class')).right).toBeLessThan((await boxOf('.class-field .help')).left)
  expect(pixels.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true)
  await expect(demo.canvas).toHaveAccessibleName('Class 9')
  await expect(page.getByTestId('strip').getByRole('button', { name: /^Class 9, seed/ })).toHaveCount(1)

  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save').click()])
  expect(saved.suggestedFilename()).toMatch(/^class-9-\d+\.png$/)
  const png = await readFile(await saved.path())
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([40, 24])
  const [gif] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export-gif').click()])
  const header = await readFile(await gif.path())
  expect([header.readUInt16LE(6), header.readUInt16LE(8)]).toEqual([380, 228])

  await page.getByTestId('share').click()
  await expect(page.getByTestId('progress')).toContainText('The link is in the clipboard')
  const link = page.url()
  expect(link).toMatch(/classLabel=9.*#picture=[0-9a-f]{12}-3x5x24\.[\w-]{30}\./)
  await page.getByTestId('mask-brush').click()
  await page.locator('#brush').press('1')
  const { x, y, width, height } = (await page.locator('#brush').boundingBox())!
  expect(width / height).toBeCloseTo(10 / 6, 1)
  await page.mouse.click(x + 0.9 * width, y + 0.9 * height)
  // All but one: a single token may come out as it was.
  await page.getByRole('button', { name: 'Invert' }).click()
  expect(await demo.draw(() => page.getByTestId('repaint').click())).not.toEqual(pixels)

  await demo.ask(link)
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  expect(await pixelsOf(demo.canvas)).toEqual(pixels)

  await dropFolder(page, new URL('../demo/page', import.meta.url).pathname)
  await expect(page.getByTestId('progress')).toContainText('There is no model in page: it has no model_index.json')
  await expect(demo.status).toHaveText('done')
  // The page of the stickers has no such tokens.
  await page.goto('about:blank')
  await page.goto(link)
  await expect(page.getByTestId('progress')).toContainText('Another model drew this picture')
  await expect(page.getByTestId('progress')).toContainText('of 5 × 3 tokens of 24 codes; that of this page')
})

test.describe('says what is wrong with a model', () => {
  test.use({ expectedMessages: [/Failed to load resource/] })

  test('in a sentence each', async ({ demo, server }) => {
    const folder = await convertedFolder()
    for (const name of ['cut', 'large']) await serveFolder(server, folder, `/models/${name}`)
    server.add('/models/cut/vqvae/decoder.onnx', undefined)
    const manifest = JSON.parse((await readFile(`${folder}/manifest.json`)).toString())
    manifest.files['denoiser/weights.00.bin'].bytes = 5e9
    server.add('/models/large/manifest.json', Buffer.from(JSON.stringify(manifest)))
    server.add('/models/none/model_index.json', undefined)
    for (const [address, sentence] of [
      ['models/none', 'There is no model at '],
      ['models/somewhere-else', 'what is there as model_index.json is something else'],
      ['models/cut', 'The file vqvae/decoder.onnx is missing: the server answered 404.'],
      ['models/large', 'of memory, and WebAssembly has 3.76 GB for weights: they need WebGPU.'],
      ['https://example.org/model', 'has to lie on the server of this page'],
    ] as const) {
      await demo.open(`?model=${encodeURIComponent(address)}`)
      await expect(demo.status).toContainText(`error: `)
      await expect(demo.status).toContainText(sentence)
    }
  })
})
