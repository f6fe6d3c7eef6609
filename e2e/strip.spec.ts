import { expect, type Page } from '@playwright/test'
import { DemoPage, pixelsOf } from './demo_page'
import { STILL, test, WORKER_SCRIPT } from './fixtures'

// The strip of what was drawn in this browser.
test.use({ studio: 'stub', contextOptions: STILL })

const strip = (page: Page) => page.getByTestId('strip')
const pictures = (page: Page) => strip(page).getByRole('button', { name: /^(?!Remove).*, seed \d+$/ })
const names = (page: Page) =>
  pictures(page).evaluateAll((buttons) => buttons.map((button) => button.ariaLabel!.replace(/, .*, seed/, '')))

async function expectNames(page: Page, expected: string[]): Promise<void> {
  await expect.poll(() => names(page)).toEqual(expected)
}

test('keeps what was drawn over a reload, and opens it with its words', async ({ demo, page }) => {
  await demo.open('?prompt=panda&style=noto&steps=2&guidance=1.5&seed=3&auto=1')
  const panda = await demo.drawn()
  await demo.ask('?prompt=ghost&style=blob&steps=3&seed=5&count=2&auto=1')
  await demo.drawn()
  await expectNames(page, ['ghost 5', 'ghost 6', 'panda 3'])

  // What was drawn since the page was loaded has its trajectory.
  await pictures(page).last().click()
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '2')
  await expect(page.getByTestId('prompt')).toHaveValue('panda')
  await page.goBack()
  await expect(page.getByTestId('grid')).toBeVisible()
  await expect(page.getByTestId('prompt')).toHaveValue('ghost')

  await demo.open('?prompt=&steps=2')
  await expectNames(page, ['ghost 5', 'ghost 6', 'panda 3'])
  const image = pictures(page).last().locator('img')
  expect(await image.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(128)
  await pictures(page).last().click()
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  expect(await pixelsOf(demo.canvas)).toEqual(panda)
  await expect(page.getByTestId('prompt')).toHaveValue('panda')
  await expect(page.getByTestId('guidance')).toHaveValue('1.5')
  // The seed was drawn: another picture of the same words.
  await demo.draw()
  expect((await demo.asked()).seeds).not.toEqual([3])

  // An address whose picture was drawn is not drawn again after a reload.
  const { seeds } = await demo.asked()
  await page.reload()
  await expect(page.getByTestId('seed')).toHaveValue(String(seeds[0]))
  await demo.draw()
  expect((await demo.asked()).seeds).not.toEqual(seeds)
  // The same picture is kept once.
  const before = await names(page)
  await demo.ask('?prompt=panda&style=noto&steps=2&guidance=1.5&seed=3&auto=1')
  await demo.drawn()
  await expectNames(page, ['panda 3', ...before.filter((name) => name !== 'panda 3')])
})

test('goes back from a picture that is opened before the model is loaded', async ({ demo, page }) => {
  await demo.open('?prompt=ghost&style=blob&steps=1&seed=1&auto=1')
  await demo.drawn()
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route(WORKER_SCRIPT, async (route) => {
    await released
    await route.continue()
  })
  await demo.open('?prompt=panda&style=noto')
  const title = page.locator('#title')
  const before = await title.textContent()
  await pictures(page).first().click()
  await expect(title).toHaveText('ghost, Blob · early Noto')
  release()
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  await page.goBack()
  await expect(title).not.toHaveText('ghost, Blob · early Noto')
  expect([before, 'Drawn by this model']).toContain(await title.textContent())
  await page.goForward()
  await expect(demo.canvas).toHaveAccessibleName('ghost, Blob · early Noto')
})

test('removes one or all, and puts them back', async ({ demo, page }) => {
  const back = strip(page).getByRole('button', { name: 'Put back' })
  await demo.open('?prompt=ghost&style=blob&steps=1&seed=1&count=3&auto=1')
  await demo.drawn()
  await expectNames(page, ['ghost 1', 'ghost 2', 'ghost 3'])
  await pictures(page).first().focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Delete')
  await expectNames(page, ['ghost 1', 'ghost 3'])
  await expect(pictures(page).last()).toBeFocused()
  await back.click()
  await expectNames(page, ['ghost 1', 'ghost 2', 'ghost 3'])
  await strip(page)
    .getByRole('button', { name: /^Remove ghost.*seed 3/ })
    .click()
  await expectNames(page, ['ghost 1', 'ghost 2'])
  await demo.open('?prompt=&steps=1')
  await expectNames(page, ['ghost 1', 'ghost 2'])
  await strip(page).getByRole('button', { name: 'Remove all' }).click()
  await expectNames(page, [])
  await expect(back).toHaveAccessibleName('Put back 2 pictures')
  await expect(back).toBeFocused()
  await back.click()
  await expectNames(page, ['ghost 1', 'ghost 2'])
  await strip(page).getByRole('button', { name: 'Remove all' }).click()
  await demo.open('?prompt=&steps=1')
  await expect(strip(page)).toContainText('What you draw is kept here, in this browser.')
})

test('is one strip for two tabs, of at most 60 pictures', async ({ demo, page, context }) => {
  await demo.open('?prompt=ghost&style=blob&steps=1&seed=100&count=16&auto=1')
  await demo.drawn()
  const other = new DemoPage(await context.newPage())
  await other.open('?prompt=panda&style=noto&steps=1&seed=3&auto=1')
  await other.drawn()
  await expect(pictures(page)).toHaveCount(17)
  await expect(pictures(page).first()).toHaveAccessibleName('panda, Noto, seed 3')
  for (let drawing = 0; drawing < 3; drawing++) await demo.draw()
  await expect(pictures(other.page)).toHaveCount(60)
  await other.open('?prompt=&steps=1')
  await expect(pictures(other.page)).toHaveCount(60)
  expect(await names(other.page)).toEqual(await names(page))
})

test('lasts as long as the page where the browser refuses storage', async ({ demo, page }) => {
  await page.addInitScript(() => {
    indexedDB.open = () => {
      throw new DOMException('The user denied permission to access the database.', 'SecurityError')
    }
  })
  await demo.open('?prompt=ghost&style=blob&steps=1&seed=1')
  await demo.draw()
  await demo.draw()
  await expect(pictures(page)).toHaveCount(2)
  await pictures(page).last().click()
  await expect(page.getByTestId('seed')).toHaveValue('1')
  await page.reload()
  await expect(demo.status).toHaveText('ready')
  await expect(strip(page)).toContainText('What you draw is kept here')
})
