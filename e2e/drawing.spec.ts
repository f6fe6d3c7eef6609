import { expect, type Page } from '@playwright/test'
import { pixelsOf } from './demo_page'
import { testOnKeptPage as test } from './fixtures'

// One page, whose worker has the small model.
test.use({ studio: 'small model' })
test.describe.configure({ mode: 'default' })

/** The middle of a cell of the 16×16 grid on the picture that is seen large. */
async function middleOf(page: Page, row: number, column: number): Promise<[x: number, y: number]> {
  const { x, y, width, height } = (await page.locator('#brush').boundingBox())!
  return [x + ((column + 0.5) * width) / 16, y + ((row + 0.5) * height) / 16]
}

/** Presses Stop as soon as the page shows this. */
async function stopAt(page: Page, text: string): Promise<void> {
  await page.getByTestId('progress').evaluate((progress, text) => {
    const stop = progress.querySelector('button')!
    const observer = new MutationObserver(() => {
      if (!progress.textContent!.includes(text)) return
      observer.disconnect()
      stop.click()
    })
    observer.observe(progress, { childList: true, characterData: true, subtree: true })
  }, text)
}

test('draws the same picture from the same seed, another one from another seed, and varies it', async ({
  demo,
  page,
}) => {
  await demo.ask('?prompt=panda&style=noto&seed=1&steps=2&auto=1')
  const first = await demo.drawn()
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '2')
  await demo.lockSeed()
  expect(await demo.draw()).toEqual(first)
  await demo.lockSeed(false)
  const second = await demo.draw()
  expect(second).not.toEqual(first)
  await expect(page.getByTestId('seed')).not.toHaveValue('1')
  expect(await demo.draw(() => page.getByTestId('vary').click())).not.toEqual(second)
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '1')
})

test('draws four pictures together; one opens large, and is the same when drawn alone', async ({ demo, page }) => {
  await demo.ask(`?prompt=panda&style=noto&steps=2&seed=11&count=4&auto=1`)
  await expect(page.getByTestId('grid')).toBeVisible()
  await expect(page.getByTestId('grid').getByRole('button')).toHaveCount(4)
  await demo.drawn()
  const small = await Promise.all(
    [0, 1, 2, 3].map((cell) => pixelsOf(page.getByTestId(`cell-${cell}`).locator('canvas').first())),
  )
  expect(new Set(small.map((pixels) => pixels.toString('base64'))).size).toBe(4)

  const hint = page.getByText('Open one to change it.')
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

test('stops within a step or two, draws the rest when told to, and draws the same as before afterwards', async ({
  demo,
  page,
}) => {
  const stepShown = async () => Number((await page.getByTestId('progress').textContent())!.match(/step (\d+)/)![1])
  await demo.ask('?prompt=ghost&style=blob&steps=2&auto=1')
  const before = await demo.drawn()
  await demo.lockSeed()
  await page.getByTestId('steps').fill('12')
  const whole = await demo.draw()
  await stopAt(page, 'step 2 of 12')
  await demo.generate.click()
  await expect(demo.status).toHaveText('stopped')
  expect(await stepShown()).toBeLessThan(6)
  await expect(page.getByTestId('save')).toBeEnabled()
  expect(await demo.draw(() => page.getByTestId('continue').click())).toEqual(whole)
  await page.getByTestId('steps').fill('2')
  expect(await demo.draw()).toEqual(before)
})

test('repaints the brushed cells and leaves every other token as it is', async ({ demo, page }) => {
  await demo.ask(`?prompt=panda&style=noto&steps=2&auto=1`)
  await demo.drawn()
  const before = await demo.tokens()

  await page.getByTestId('mask-brush').click()
  await expect(page.getByTestId('repaint')).toBeDisabled()
  await page.getByTestId('prompt').press('Enter')
  await expect(page.getByTestId('progress')).toContainText('Brush over some cells first')
  await page.locator('#brush').press('1')
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
