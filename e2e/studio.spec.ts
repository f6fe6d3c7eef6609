import { readFile } from 'node:fs/promises'
import AxeBuilder from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'
import { decodeTokens } from '../demo/picture/token_text'
import { DemoPage, type Pixels, test } from './demo_page'

test.use({ permissions: ['clipboard-read', 'clipboard-write'] })

/** Quick and good enough: what is drawn does not matter here. */
const QUICK = 'style=noto&steps=2&guidance=1'

/** The tokens of the picture that is seen large, as its share link has them. */
async function tokensOf(page: Page): Promise<number[]> {
  await page.getByTestId('share').click()
  await expect(page.getByTestId('progress')).toContainText('The link is in the clipboard')
  return [...decodeTokens(new URL(page.url()).hash.split('.')[1]!)]
}

function pixelsOf(canvas: Locator): Promise<Pixels> {
  return canvas.evaluate((element: HTMLCanvasElement) =>
    Array.from(element.getContext('2d')!.getImageData(0, 0, element.width, element.height).data),
  )
}

/** The middle of a cell of the 16×16 grid on the picture that is seen large. */
async function middleOf(page: Page, row: number, column: number): Promise<[x: number, y: number]> {
  const { x, y, width, height } = (await page.locator('#brush').boundingBox())!
  return [x + ((column + 0.5) * width) / 16, y + ((row + 0.5) * height) / 16]
}

/** Lets go of a file over the page, as from a file manager. */
async function drop(page: Page, name: string, type: string, bytes: Buffer): Promise<void> {
  const content = bytes.toString('base64')
  const transfer = await page.evaluateHandle(
    async ([name, type, content]) => {
      const transfer = new DataTransfer()
      const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
      transfer.items.add(new File([bytes], name, { type }))
      return transfer
    },
    [name, type, content] as const,
  )
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer })
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([])
}

test('draws four pictures together; one opens large, and is the same when drawn alone', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}&seed=11&count=4&auto=1`)
  await expect(page.getByTestId('grid')).toBeVisible()
  await expect(page.getByTestId('grid').getByRole('button')).toHaveCount(4)
  await demo.drawn()
  const small = await Promise.all(
    [0, 1, 2, 3].map((cell) => pixelsOf(page.getByTestId(`cell-${cell}`).locator('canvas').first())),
  )
  expect(new Set(small.map(String)).size).toBe(4)

  const hint = page.getByText('Open one to save or change it.')
  await expect(hint).toBeVisible()
  await page.getByTestId('cell-2').click()
  await expect(hint).toBeHidden()
  await expect(page.getByTestId('grid')).toBeHidden()
  const large = await pixelsOf(page.getByTestId('canvas'))
  expect(large).toEqual(small[2])
  await page.getByRole('button', { name: 'Next picture' }).click()
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(small[3])

  await page.getByTestId('count').fill('1')
  await page.getByTestId('seed').fill('13')
  expect(await demo.draw()).toEqual(large)
})

test('repaints the brushed cells and leaves every other token as it is', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}&auto=1`)
  await demo.drawn()
  const before = await tokensOf(page)

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
  await page.getByTestId('repaint').click()
  await expect(demo.status).toHaveText('drawing')
  await demo.drawn()
  const after = await tokensOf(page)
  expect(after.filter((token, cell) => !brushed(cell) && token !== before[cell])).toEqual([])
  expect(after.filter((token, cell) => brushed(cell) && token !== before[cell]).length).toBeGreaterThan(0)
})

test('starts from a picture: its reconstruction at strength 0, another picture at more', async ({ demo, page }) => {
  await demo.open(`?prompt=ghost&${QUICK}`)
  await expect(demo.status).toHaveText('ready')
  await page.locator('#picture-file').setInputFiles('demo/public/icon-512.png')
  await expect(page.locator('#source-name')).toHaveText('Starts from icon-512.png')
  const reconstruction = await demo.drawn()
  const tokens = await tokensOf(page)

  await page.getByTestId('strength').fill('0')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('0 steps')
  expect(await demo.drawn()).toEqual(reconstruction)
  expect(await tokensOf(page)).toEqual(tokens)

  await page.getByTestId('strength').fill('1')
  await demo.draw()
  expect(await tokensOf(page)).not.toEqual(tokens)
  await page.getByRole('button', { name: 'Start from noise again' }).click()
  await expect(demo.generate).toHaveText('Generate')
})

test('opens a share link to the same pixels anywhere, and draws them again from the seed', async ({
  demo,
  page,
  browser,
  baseURL,
}) => {
  await demo.open(`?prompt=red+heart&style=3d&steps=2&seed=5&auto=1`)
  const pixels = await demo.drawn()
  await page.getByTestId('share').click()
  await expect(page.getByTestId('progress')).toContainText('The link is in the clipboard')
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect(new URL(link).hash).toBe(new URL(page.url()).hash)
  await page.close()

  const context = await browser.newContext({ baseURL: baseURL! })
  const other = new DemoPage(await context.newPage())
  await other.page.goto(link)
  expect(await other.drawn()).toEqual(pixels)
  await expect(other.page.getByTestId('prompt')).toHaveValue('red heart')
  await expect(other.page.getByTestId('seed')).toHaveValue('5')
  await other.page.getByRole('button', { name: 'Draw again' }).click()
  await expect(other.page.getByTestId('progress')).toContainText('The same picture again, token for token.')
  expect(await other.drawn()).toEqual(pixels)
  await context.close()
})

test('restores settings and picture from a saved PNG that is dropped on the page', async ({ demo, page }) => {
  const settings = { prompt: 'green apple', style: 'noto', steps: '2', guidance: '1.5', seed: '21', truncation: '0.9' }
  await demo.open(`?${new URLSearchParams(settings)}&auto=1`)
  const pixels = await demo.drawn()
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save').click()])
  const file = await readFile(await saved.path())

  await demo.open()
  await expect(demo.status).toHaveText('ready')
  await drop(page, 'from a friend.png', 'image/png', file)
  expect(await demo.drawn()).toEqual(pixels)
  for (const [name, value] of Object.entries(settings)) await expect(page.getByTestId(name)).toHaveValue(value)
})

test('undoes and redoes what replaces pictures, by button and by key', async ({ demo, page }) => {
  const [undo, redo] = [page.getByTestId('undo'), page.getByTestId('redo')]
  await demo.open(`?prompt=panda&${QUICK}&seed=1`)
  await expect(demo.status).toHaveText('ready')
  await expect(undo).toBeDisabled()
  const first = await demo.draw()
  await page.getByTestId('vary').click()
  await expect(demo.status).toHaveText('drawing')
  const varied = await demo.drawn()
  expect(varied).not.toEqual(first)

  await undo.click()
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(first)
  await redo.click()
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(varied)
  await expect(redo).toBeDisabled()
  await undo.focus()
  await page.keyboard.press('Control+z')
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(first)
  await page.keyboard.press('Control+Shift+z')
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(varied)

  await page.getByTestId('prompt').fill('ghost')
  await page.getByTestId('prompt').press('Control+z')
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(varied)
})

test('stays usable after a stop: what was there comes back, and the next picture is drawn', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}&seed=1&auto=1`)
  const first = await demo.drawn()
  await page.getByTestId('steps').fill('50')
  await page.getByTestId('count').fill('2')
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText(/step 1 of 50 · /)
  await page.getByTestId('cell-1').click()
  await expect(page.getByTestId('scrubber')).toBeVisible()
  await page.getByTestId('stop').click()
  await expect(demo.status).toHaveText('stopped')
  await expect(page.getByTestId('save')).toBeDisabled()
  await expect(page.getByTestId('scrubber')).toBeHidden()
  await page.getByTestId('undo').click()
  await expect(page.getByTestId('scrubber')).toBeVisible()
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(first)
  await page.getByTestId('steps').fill('2')
  await page.getByTestId('count').fill('1')
  expect(await demo.draw()).toEqual(first)
})

test('winds a picture back to noise', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}&auto=1`)
  await demo.drawn()
  const scrubber = page.getByTestId('scrubber')
  await expect(scrubber).toHaveAttribute('max', '2')
  await scrubber.fill('0')
  await expect(scrubber).toHaveAttribute('aria-valuetext', /start, before 2 steps/)
  await page.getByTestId('undo').click()
  await expect(scrubber).toBeHidden()
})

test('records no step with live preview off, and says so', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}`)
  await page.getByText('Engine room').click()
  await page.getByTestId('live-preview').uncheck()
  await demo.draw()
  await expect(page.locator('[data-fact=columnsAll]')).toHaveText('–')
  await page.getByTestId('step-back').click()
  const said = page.getByText('Not recorded: drawn with live preview off.')
  await expect(said).toBeVisible()
  await page.getByRole('radio', { name: 'Changes' }).check({ force: true })
  await expect(said).toBeHidden()
})

test('shows and switches what is in the engine room', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}`)
  await expect(demo.status).toHaveText('ready')
  const room = page.getByTestId('engine-room')
  await room.getByText('Engine room').click()
  await expect(room.locator('[data-fact=adapter]')).not.toHaveText('–')
  await room.getByTestId('method').selectOption('purity')
  await expect(room.getByTestId('truncation')).toBeDisabled()
  await room.getByTestId('engine-cpu').check({ force: true })
  await expect(demo.backend).toHaveText('engine cpu · network wasm')
  await demo.draw()
  await expect(room.locator('[data-fact=networkMean]')).toHaveText(/m?s$/)
  expect(new URL(page.url()).searchParams.get('method')).toBe('purity')
})

test('explains what it cannot open or copy, and goes on', async ({ demo, page, context }) => {
  await demo.open('?prompt=ghost&steps=1&guidance=1#picture=0123456789ab.tooShort')
  const said = page.getByTestId('progress')
  await expect(said).toContainText('The link is damaged, so its picture cannot be shown.')
  await expect(demo.status).toHaveText('ready')
  await drop(page, 'notes.txt', 'text/plain', Buffer.from('no picture'))
  await expect(said).toContainText('notes.txt is not a picture.')
  await drop(page, 'broken.png', 'image/png', Buffer.from('no picture either'))
  await expect(said).toContainText('This browser cannot read broken.png.')
  await demo.draw()
  await context.clearPermissions()
  await page.evaluate(() => {
    navigator.clipboard.writeText = () =>
      Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError'))
  })
  await page.getByTestId('share').click()
  await expect(said).toContainText('The browser did not let the page copy the link.')
  expect(new URL(page.url()).hash).toContain('#picture=')
  await demo.draw()
})

test('has no accessibility violation in any of its states', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&style=noto&steps=3&guidance=1&count=2`)
  await expect(demo.status).toHaveText('ready')
  await expectAccessible(page)
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('step 1 of 3 ·')
  await expectAccessible(page)
  await demo.drawn()
  await expectAccessible(page)
  await page.getByTestId('cell-0').click()
  await page.getByTestId('mask-brush').click()
  await expectAccessible(page)
  await page.getByTestId('engine-room').getByText('Engine room').click()
  await expectAccessible(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  await expectAccessible(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await expectAccessible(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await page.getByTestId('mask-brush').click()
  await page.getByTestId('vary').click()
  await expect(demo.status).toHaveText('drawing')
  await demo.drawn()
  await expectAccessible(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
})

test('opens the model card beside the studio, as a page to read', async ({ demo, page, request }) => {
  await demo.open()
  const [card] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Model card' }).click()])
  await expect(card.getByRole('heading', { level: 1 })).toHaveText(/^emoji-16x16/)
  await expect(card.getByRole('cell', { name: 'mask-and-replace process' })).toContainText('ᾱ 0.99999 → 9e-6')
  for (const colorScheme of ['light', 'dark'] as const) {
    await card.emulateMedia({ colorScheme })
    await expectAccessible(card)
  }
  await card.setViewportSize({ width: 390, height: 844 })
  await expectAccessible(card)
  expect(await card.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  const file = await request.get((await card.getByRole('link', { name: 'as a file' }).getAttribute('href'))!)
  expect(await file.text()).toMatch(/^# emoji-16x16/)
})

test('leaves the page alone when a link of its footer is followed', async ({ demo, page }) => {
  await demo.open()
  for (const link of await page.getByRole('contentinfo').getByRole('link').all()) {
    await expect(link).toHaveAttribute('target', '_blank')
    await expect(link).toHaveAttribute('rel', 'noopener')
  }
})

test('shows in a forced palette what cannot be used, and what is no text', async ({ demo, page }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await demo.open(`?prompt=&${QUICK}`)
  await expect(demo.status).toHaveText('ready')
  const grey = await page.evaluate(() => {
    const sample = document.body.appendChild(document.createElement('i'))
    sample.style.color = 'GrayText'
    return getComputedStyle(sample).color
  })
  for (const property of ['color', 'border-color']) {
    await expect(page.getByTestId('save')).toHaveCSS(property, grey)
    await expect(page.getByTestId('dice')).not.toHaveCSS(property, grey)
  }
  const placeholder = await page
    .getByTestId('prompt')
    .evaluate((prompt) => getComputedStyle(prompt, '::placeholder').color)
  expect(placeholder).toBe(grey)
  await demo.generate.click()
  await expect(demo.generate).toBeDisabled()
  await expect(demo.generate).toHaveCSS('color', grey)
  await expect(demo.generate).not.toHaveCSS('background-color', grey)
})

test('can be done by keyboard alone', async ({ demo, page }) => {
  const focused = (id: string) => expect(page.getByTestId(id)).toBeFocused()
  const tabTo = async (id: string) => {
    for (let presses = 0; presses < 40; presses++) {
      if (await page.getByTestId(id).evaluate((element) => element === document.activeElement)) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`Tab does not lead to ${id}.`)
  }
  await demo.open(`?${QUICK}&count=2`)
  await expect(demo.status).toHaveText('ready')
  await tabTo('prompt')
  await page.keyboard.type('panda')
  await expect(page.getByTestId('prompt')).toHaveValue('panda')
  await page.keyboard.press('Enter')
  await expect(demo.status).toHaveText('drawing')
  await focused('prompt')
  await demo.drawn()

  await tabTo('cell-0')
  await page.keyboard.press('ArrowRight')
  await focused('cell-1')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'All pictures' })).toBeFocused()
  await page.keyboard.press('Escape')
  await focused('cell-1')
  await page.keyboard.press('Enter')

  await tabTo('mask-brush')
  await page.keyboard.press('Enter')
  await expect(page.locator('#brush')).toBeFocused()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Space')
  await expect(page.getByRole('status')).toHaveText('row 9, column 8, marked')
  await tabTo('repaint')
  await page.keyboard.press('Enter')
  await expect(demo.status).toHaveText('drawing')
  await focused('stop')
  await page.keyboard.press('Enter')
  await expect(demo.status).toHaveText(/stopped|done/)
  await expect(page.locator(':focus')).toHaveCount(1)
})
