import { readFile } from 'node:fs/promises'
import { expect, type Page } from '@playwright/test'
import { unzipSync } from 'fflate'
import { STICKERS } from '../demo/model/stickers'
import { decodeTokens } from '../demo/picture/token_text'
import { expectAccessible } from './accessible'
import { type Pixels, pixelsOf } from './demo_page'
import { STILL, test } from './fixtures'
import { textOf } from './png'

test.use({ studio: 'stub', contextOptions: STILL, permissions: ['clipboard-read', 'clipboard-write'] })

/** The file that the page saves when this button is pressed. */
async function saved(page: Page, button: string): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(button).click()])
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) }
}

/** Chooses in the menu of Save. */
async function choose(page: Page, { size, edge }: { size?: string; edge?: boolean }): Promise<void> {
  await page.getByTestId('save-options').click()
  if (size) await page.getByRole('radio', { name: size, exact: true }).check({ force: true })
  if (edge !== undefined) await page.getByTestId('save-edge').setChecked(edge)
  await page.keyboard.press('Escape')
  await expect(page.locator('#save-menu')).toBeHidden()
}

function sizeOf(png: Buffer): [width: number, height: number] {
  expect(png.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  const truecolourWithAlpha = 6
  expect(png[25]).toBe(truecolourWithAlpha)
  return [png.readUInt32BE(16), png.readUInt32BE(20)]
}

/** The pixels of a PNG, as the browser reads them. */
async function decoded(page: Page, png: Buffer): Promise<Pixels> {
  const canvas = await page.evaluateHandle(async (content) => {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height })
    canvas.getContext('2d')!.drawImage(bitmap, 0, 0)
    canvas.id = 'decoded'
    document.body.append(canvas)
    return canvas
  }, png.toString('base64'))
  const pixels = await pixelsOf(page.locator('#decoded'))
  await canvas.evaluate((canvas) => canvas.remove())
  return pixels
}

function pictureIn(png: Buffer): { tokens: number[]; prompt: string; seed: number } {
  const { tokens, ...settings } = JSON.parse(textOf(png, 'vq-diffusion-webgpu'))
  return { ...settings, tokens: [...decodeTokens(tokens, STICKERS.grid)] }
}

/** Pixels that are opaque, and those that are opaque and white. */
function count(pixels: Pixels): { opaque: number; white: number } {
  let [opaque, white] = [0, 0]
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3]! < 250) continue
    opaque++
    if (Math.min(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!) > 250) white++
  }
  return { opaque, white }
}

test('saves a picture in the size and with the edge that are chosen, and remembers both', async ({ demo, page }) => {
  await demo.open('?prompt=red+heart&style=3d&seed=5&steps=2&auto=1')
  const onStage = await demo.drawn()
  const tokens = await demo.tokens()

  const large = await saved(page, 'save')
  expect(large.name).toBe('red-heart-3d-5.png')
  expect(sizeOf(large.content)).toEqual([512, 512])
  const withEdge = count(await decoded(page, large.content))
  expect(withEdge.white).toBeGreaterThan(2000)

  await choose(page, { edge: false })
  const plain = await saved(page, 'save')
  expect(sizeOf(plain.content)).toEqual([512, 512])
  expect(count(await decoded(page, plain.content)).white).toBeLessThan(withEdge.white / 4)

  await choose(page, { size: '128' })
  const small = await saved(page, 'save')
  expect(await decoded(page, small.content)).toEqual(onStage)

  await choose(page, { size: '1024', edge: true })
  await page.reload()
  await demo.drawn()
  await expect(page.getByTestId('save-options')).toHaveAccessibleName(/1024 × 1024 with a white edge/)
  const largest = await saved(page, 'save')
  expect(sizeOf(largest.content)).toEqual([1024, 1024])
  await page.getByTestId('copy').click()
  await expect(page.getByTestId('progress')).toContainText('The picture is in the clipboard.')
  const copied = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read()
    const { width, height } = await createImageBitmap(await item!.getType('image/png'))
    return [width, height]
  })
  expect(copied).toEqual([1024, 1024])

  // Whatever its size, it can be opened again.
  for (const { content } of [large, plain, small, largest]) {
    expect(pictureIn(content)).toMatchObject({ prompt: 'red heart', seed: 5, tokens })
  }
})

test('saves a whole grid as one picture and as a zip', async ({ demo, page }) => {
  await demo.open('?prompt=panda&style=noto&seed=3&steps=2&count=3&auto=1')
  await demo.done()
  const sheet = await saved(page, 'save')
  expect(sheet.name).toBe('panda-noto-3-and-2-more.png')
  expect(sizeOf(sheet.content)).toEqual([1024, 1024])
  // Of one picture at least 2000: the edge.
  expect(count(await decoded(page, sheet.content)).white).toBeGreaterThan(3 * 2000)
  await page.getByTestId('copy').click()
  await expect(page.getByTestId('progress')).toContainText('All pictures are in the clipboard, as one.')

  await page.getByTestId('cell-1').click()
  expect((await saved(page, 'save')).name).toBe('panda-noto-4.png')
  await choose(page, { size: '128', edge: false })
  await page.getByTestId('save-options').click()
  await expectAccessible(page)
  expect(sizeOf((await saved(page, 'save-sheet')).content)).toEqual([256, 256])
  const zip = await saved(page, 'save-zip')
  expect(zip.name).toBe('panda-noto-3-and-2-more.zip')
  const files = unzipSync(zip.content)
  expect(Object.keys(files)).toEqual(['panda-noto-3.png', 'panda-noto-4.png', 'panda-noto-5.png'])
  const seeds = Object.values(files).map((file) => pictureIn(Buffer.from(file)).seed)
  expect(seeds).toEqual([3, 4, 5])

  // Escape closes the menu alone: the picture stays open.
  await page.keyboard.press('Escape')
  await expect(page.locator('#save-menu')).toBeHidden()
  await expect(page.getByRole('button', { name: 'All pictures' })).toBeVisible()
})
