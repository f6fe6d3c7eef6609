import { readFile } from 'node:fs/promises'
import { expect, type Page } from '@playwright/test'
import { type DemoPage, pixelsOf } from './demo_page'
import { testOnKeptPage as test } from './fixtures'
import { blackPng } from './png'

// What is on the stage, and what the form, the browser's history and the actions make of it.
test.use({ studio: 'stub' })
test.describe.configure({ mode: 'default' })

/** Few steps, and settings that the address carries. */
const QUICK = 'style=noto&steps=2&guidance=1'

const seedOf = async (page: Page) => Number(await page.getByTestId('seed').inputValue())

/** Presses Generate, and waits until the drawing stops after its first step. */
async function beginAndPause(demo: DemoPage, steps: number): Promise<void> {
  await demo.pauseAfter(1)
  await demo.generate.click()
  await expect(demo.page.getByTestId('progress')).toContainText(`step 1 of ${steps} ·`)
}

async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  await page.locator('#picture-file').setInputFiles({ name, mimeType: 'image/png', buffer: bytes })
}

/** The file that Save gives. */
async function save(page: Page): Promise<{ name: string; bytes: Buffer }> {
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save').click()])
  return { name: saved.suggestedFilename(), bytes: await readFile(await saved.path()) }
}

test('draws another picture each time, and the same while the seed is locked', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&style=noto&steps=2&seed=7')
  const first = await demo.draw()
  expect((await demo.asked()).seeds).toEqual([7])
  const second = await demo.draw()
  expect(second).not.toEqual(first)
  const seed = await seedOf(page)
  expect((await demo.asked()).seeds).toEqual([seed])
  expect(new URL(page.url()).searchParams.get('seed')).toBe(String(seed))
  expect(await demo.draw(() => demo.example('panda').click())).not.toEqual(second)

  await demo.lockSeed()
  const locked = await demo.draw()
  expect(await demo.draw()).toEqual(locked)
  // Vary would give the same again.
  const varied = await demo.draw(() => page.getByTestId('vary').click())
  await page.getByTestId('undo').click()
  expect(await demo.draw(() => page.getByTestId('vary').click())).not.toEqual(varied)
  await page.getByTestId('undo').click()
  expect(await demo.draw()).toEqual(locked)

  await demo.lockSeed(false)
  await page.getByTestId('seed').fill('12')
  await demo.draw()
  expect((await demo.asked()).seeds).toEqual([12])
  await demo.draw()
  expect((await demo.asked()).seeds).not.toEqual([12])
  await demo.ask('?prompt=panda&style=noto&steps=2&seed=7&auto=1')
  expect(await demo.drawn()).toEqual(first)
})

test('has the words and settings of the stage in the form, for what is drawn from it', async ({ demo, page }) => {
  const value = (id: string) => page.locator(id === 'style' ? '#style :checked' : `[data-testid=${id}]`).inputValue()
  await demo.ask('?prompt=panda&style=noto&steps=3&guidance=1.5&seed=3&auto=1')
  await demo.drawn()
  const panda = (await demo.asked()).text
  await demo.ask('?prompt=butterfly&style=3d&steps=2&guidance=1&seed=4&count=2&auto=1')
  await demo.drawn()
  const butterfly = (await demo.asked()).text
  await page.getByTestId('prompt').fill('ghost')

  await page.getByTestId('undo').click()
  for (const [id, expected] of Object.entries({
    ...{ prompt: 'panda', style: 'noto', steps: '3', guidance: '1.5', seed: '3', count: '1' },
  }))
    expect(await value(id)).toBe(expected)
  await demo.draw(() => page.getByTestId('vary').click())
  expect(await demo.asked()).toMatchObject({ text: panda, steps: 3, guidance: 1.5 })
  await page.getByTestId('undo').click()
  await page.getByTestId('mask-brush').click()
  await page.locator('#brush').press(' ')
  await demo.draw(() => page.getByTestId('repaint').click())
  expect(await demo.asked()).toMatchObject({ text: panda, steps: 3 })

  await demo.ask('?prompt=butterfly&style=3d&steps=2&guidance=1&seed=4&count=2&auto=1')
  await demo.drawn()
  await page.getByTestId('prompt').fill('blue butterfly')
  await page.getByTestId('cell-1').click()
  // The words are those of all its pictures, so what is typed stays.
  expect([await value('prompt'), await value('seed'), await value('count')]).toEqual(['blue butterfly', '5', '2'])
  await page.keyboard.press('ArrowLeft')
  expect(await value('seed')).toBe('4')
  await page.getByTestId('undo').click()
  await page.getByTestId('redo').click()
  expect([await value('prompt'), await value('count')]).toEqual(['butterfly', '2'])
  await demo.draw(() => page.getByTestId('vary').click())
  expect((await demo.asked()).text).toEqual(butterfly)
})

test('leaves what the form starts from alone when it varies, and starts from a saved picture that is opened', async ({
  demo,
  page,
}) => {
  const source = page.locator('#source-name')
  await demo.ask('?prompt=panda&style=noto&steps=2&seed=3&auto=1')
  await demo.drawn()
  const tokens = await demo.tokens()
  const { bytes } = await save(page)
  await demo.draw(() => page.getByTestId('vary').click())
  expect([...(await demo.asked()).image!.tokens[0]!]).toEqual(tokens)
  await expect(source).toBeHidden()
  await expect(demo.generate).toHaveText('Generate')
  await demo.draw()
  expect((await demo.asked()).image).toBeUndefined()

  await drop(page, 'start.png', blackPng(30, 30))
  await expect(source).toHaveText('Starts from start.png')
  await demo.drawn()
  await demo.draw()
  const start = (await demo.asked()).image!.tokens[0]
  await demo.draw(() => page.getByTestId('vary').click())
  await expect(source).toHaveText('Starts from start.png')
  await demo.draw()
  expect((await demo.asked()).image!.tokens[0]).toEqual(start)
  await drop(page, 'saved.png', bytes)
  await expect(source).toHaveText('Starts from panda, Noto')
  await demo.drawn()
  await demo.draw()
  expect([...(await demo.asked()).image!.tokens[0]!]).toEqual(tokens)
  await page.getByTestId('undo').click()
  await page.getByTestId('undo').click()
  await expect(source).toHaveText('Starts from start.png')
})

test('closes with Back what was opened, and opens it again with Forward', async ({ demo, page }) => {
  const [grid, title] = [page.getByTestId('grid'), page.locator('#title')]
  await demo.ask('?prompt=panda&style=noto&steps=2&seed=3&count=4&auto=1')
  await demo.drawn()
  await page.getByTestId('cell-2').click()
  await expect(page.locator('#item-title')).toHaveText('panda, Noto')
  await expect(page.locator('#place')).toHaveText('3 of 4 · seed 5')
  await page.keyboard.press('ArrowRight')
  await expect(page.locator('#place')).toHaveText('4 of 4 · seed 6')
  await page.keyboard.press('ArrowRight')
  await expect(page.locator('#place')).toHaveText('1 of 4 · seed 3')
  await page.getByTestId('prompt').press('ArrowLeft')
  await expect(page.locator('#place')).toHaveText('1 of 4 · seed 3')
  await page.goBack()
  await expect(grid).toBeVisible()
  await expect(page.getByTestId('cell-0')).toBeFocused()
  await page.goForward()
  await expect(page.locator('#place')).toHaveText('1 of 4 · seed 3')
  await page.getByRole('button', { name: 'All pictures' }).click()
  await expect(grid).toBeVisible()

  await drop(page, 'start.png', blackPng(30, 30))
  await expect(title).toHaveText('start.png')
  await page.goBack()
  await expect(grid).toBeVisible()
  await expect(page.locator('#source-name')).toBeHidden()
  await expect(page.getByTestId('count')).toHaveValue('4')
  await page.goForward()
  await expect(title).toHaveText('start.png')

  await page.goBack()
  await page.getByTestId('cell-1').click()
  await demo.tokens()
  const { hash } = new URL(page.url())
  await demo.ask('?prompt=ghost&style=blob&steps=2&seed=9&auto=1')
  const ghost = await demo.drawn()
  await page.evaluate((hash) => location.assign(hash), hash)
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  await page.goBack()
  await expect(title).toHaveText('ghost, Blob · early Noto')
  expect(await pixelsOf(demo.canvas)).toEqual(ghost)
  await expect(page.getByTestId('prompt')).toHaveValue('ghost')
  await page.goForward()
  const isGhost = async () => (await pixelsOf(demo.canvas)).equals(ghost)
  await expect.poll(isGhost).toBe(false)

  // Not while something else is drawn.
  await page.goBack()
  await expect.poll(isGhost).toBe(true)
  await page.getByTestId('prompt').fill('red heart')
  await beginAndPause(demo, 2)
  await page.goForward()
  await expect(page.getByTestId('waiting')).toHaveText('Next: what was here before.')
  await expect(title).toHaveText('red heart, Blob · early Noto')
  await demo.resume()
  await expect(title).not.toHaveText('red heart, Blob · early Noto')
  await page.goBack()
  await expect(title).toHaveText('red heart, Blob · early Noto')
})

test('continues a stopped drawing, saves what is there, and marks it', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&style=noto&steps=4&seed=3&count=2&auto=1')
  await demo.drawn()
  await page.getByTestId('cell-1').click()
  const whole = await pixelsOf(demo.canvas)
  await demo.lockSeed()
  await page.getByTestId('seed').fill('3')
  await beginAndPause(demo, 4)
  await page.getByTestId('stop').click()
  await expect(demo.status).toHaveText('stopped')
  await expect(page.getByTestId('progress')).toContainText('Stopped at step 1 of 4.')
  await page.getByTestId('cell-1').click()
  await expect(demo.canvas).toHaveAccessibleName('panda, Noto, not finished')
  const { name, bytes } = await save(page)
  expect(name).toBe('panda-noto-4-unfinished.png')
  await page.getByTestId('undo').click()
  await expect(demo.status).toHaveText('done')
  await expect(page.getByTestId('continue')).toBeHidden()
  await page.getByTestId('redo').click()
  await expect(demo.status).toHaveText('stopped')
  await demo.resume()
  expect(await demo.draw(() => page.getByTestId('continue').click())).toEqual(whole)
  expect((await demo.asked()).from!.step).toBe(1)
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '4')
  await expect(page.getByTestId('continue')).toBeHidden()
  await drop(page, name, bytes)
  await expect(page.getByTestId('progress')).toContainText('Here it is, as far as it was drawn.')
  await expect(demo.canvas).toHaveAccessibleName('panda, Noto, not finished')
})

test('marks with a brush of three sizes, and has one button to repaint', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&style=noto&steps=2&seed=3&auto=1')
  await demo.drawn()
  await page.getByTestId('mask-brush').click()
  await expect(page.getByRole('button', { name: 'Repaint' })).toHaveCount(1)
  await expect(demo.generate).toHaveText('Generate')
  const [size, clear] = [page.getByTestId('brush-size'), page.getByRole('button', { name: 'Clear' })]
  const marked = async () => {
    await page.getByRole('button', { name: 'Invert' }).click()
    const kept = Number((await page.getByRole('status').textContent())!.match(/^\d+/)![0])
    await clear.click()
    return 256 - kept
  }
  const brush = page.locator('#brush')
  const { width } = (await brush.boundingBox())!
  for (const cells of [3, 5, 1]) {
    await expect(size).toHaveAccessibleName(`Brush size: ${cells} × ${cells} cells`)
    await brush.click({ position: { x: width / 2 + 2, y: width / 2 + 2 } })
    expect(await marked()).toBe(cells ** 2)
    await size.click()
  }
  await brush.press('5')
  await brush.press(' ')
  expect(await marked()).toBe(25)
  await brush.press('3')
  for (let i = 0; i < 16; i++) await brush.press('ArrowLeft')
  await brush.press(' ')
  expect(await marked()).toBe(6)
  await brush.press(' ')
  await page.getByTestId('prompt').press('Enter')
  await demo.done()
  expect((await demo.asked()).known!.keep[0]!.filter((keep) => !keep)).toHaveLength(6)
})

test('draws next what Enter asks for while something is drawn', async ({ demo, page }) => {
  const [prompt, next] = [page.getByTestId('prompt'), page.getByTestId('waiting')]
  await demo.ask('?prompt=panda&style=noto&steps=2&seed=3')
  await beginAndPause(demo, 2)
  await prompt.fill('ghost')
  await prompt.press('Enter')
  await expect(next).toHaveText('Next: ghost, Noto.')
  await prompt.fill('red heart')
  await demo.resume()
  await expect(demo.canvas).toHaveAccessibleName('ghost, Noto')
  await expect(prompt).toHaveValue('ghost')
  await demo.done()
})

test('shows how far a GIF is, and stops making it when told to', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&style=noto&steps=2&auto=1')
  await demo.drawn()
  const [save, cancel] = [page.getByTestId('export-gif'), page.getByTestId('cancel-gif')]
  await expect(cancel).toBeHidden()
  const height = () => page.evaluate(() => document.documentElement.scrollHeight)
  const before = await height()
  for (const time of ['once', 'again']) {
    await save.click()
    await expect(page.getByTestId('gif-progress'), time).toHaveJSProperty('value', 0.5)
    await expect(save).toHaveAttribute('aria-disabled', 'true')
    expect(await height()).toBe(before)
    await cancel.click()
    await expect(cancel).toBeHidden()
    await expect(save).toBeFocused()
    await expect(save).toHaveAttribute('aria-disabled', 'false')
  }
  await expect(page.locator('#readout')).not.toHaveClass(/error/)
})

test('undoes and redoes what replaces pictures, by button and by key', async ({ demo, page }) => {
  const [undo, redo] = [page.getByTestId('undo'), page.getByTestId('redo')]
  await demo.ask(`?prompt=panda&${QUICK}&seed=1`)
  const first = await demo.draw()
  const varied = await demo.draw(() => page.getByTestId('vary').click())
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
  await demo.ask(`?prompt=panda&${QUICK}&seed=1&auto=1`)
  const first = await demo.drawn()
  await demo.lockSeed()
  await page.getByTestId('steps').fill('50')
  await page.getByTestId('count').fill('2')
  await demo.pauseAfter(1)
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText(/step 1 of 50 · /)
  await page.getByTestId('cell-1').click()
  await expect(page.getByTestId('scrubber')).toBeVisible()
  await page.getByTestId('stop').click()
  await expect(demo.status).toHaveText('stopped')
  await expect(page.getByTestId('save')).toBeEnabled()
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '1')
  await page.getByTestId('undo').click()
  await expect(page.getByTestId('scrubber')).toBeVisible()
  expect(await pixelsOf(page.getByTestId('canvas'))).toEqual(first)
  await expect(page.getByTestId('steps')).toHaveValue('2')
  await expect(page.getByTestId('count')).toHaveValue('1')
  await demo.resume()
  expect(await demo.draw()).toEqual(first)
})
