import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'
import { STILL, test, WORKER_SCRIPT } from './fixtures'

// The stickers that the page brings with it, and the explanation of their steps.
test.use({ studio: 'stub', ...STILL })

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([])
}

test('opens a sticker with its words, settings and steps before anything is downloaded', async ({ demo, page }) => {
  // A worker that never comes: neither runtime nor model.
  await page.route(WORKER_SCRIPT, () => {})
  await demo.open()
  const panda = page.getByRole('button', { name: /: panda, Noto, seed \d+$/ })
  await expect(panda).toBeVisible()
  await panda.press('Enter')
  await expect(demo.status).toHaveText('loading')
  await expect(demo.canvas).toHaveAccessibleName('panda, Noto')
  await expect(page.getByTestId('prompt')).toHaveValue('panda')
  await expect(page.getByTestId('steps')).toHaveValue('12')
  await expect(page.getByTestId('guidance')).toHaveValue('1.5')
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '12')
  await expect(page.getByTestId('save')).toBeEnabled()

  // The routes of a cell, by keyboard and by pointer, at any step.
  const explained = page.getByRole('region', { name: 'What is happening' })
  const routes = explained.getByRole('list', { name: 'Routes of the cell' })
  const picker = page.getByTestId('explain-picker')
  await picker.press('ArrowUp')
  await expect(page.getByRole('status')).toHaveText(/^Row 8, column 9: .* take the mask \d.*Drawn: it /)
  await page.getByTestId('explain-step').fill('1')
  await picker.click({ position: { x: 2, y: 2 } })
  await expect(explained).toContainText('Row 1, column 1: masked. The network')
  // t = 99 → 91: γ̄₉₁/γ̄₉₉ = 0.827/0.9 for the mask; of the rest, x₀ and a random code are as ᾱ₉₁ = 0.081 to β̄₉₁ = 0.092.
  await expect(routes.getByRole('listitem')).toHaveText([/^take the x₀3\.8 %$/, /token0 %/, /code4\.3 %/, /mask92 %/])
  await page.getByTestId('explain-step').fill('12')
  await expect(routes.getByRole('listitem')).toHaveText([/x₀100 %/, /0 %/, /0 %/, /0 %/])
  await expect(explained).toContainText('Drawn: it took the x₀')

  await expectAccessible(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 320, height: 640 })
  await expectAccessible(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
  await page.keyboard.press('Escape')
  await expect(panda).toBeFocused()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
})

test('moves nothing when the wall comes, gives way to what is drawn, and comes back by undo', async ({
  demo,
  page,
}) => {
  let bring = () => {}
  const held = new Promise<void>((resolve) => {
    bring = resolve
  })
  await page.route(/recording\.bin$/, async (route) => {
    await held
    await route.continue()
  })
  await demo.open('?prompt=fox&style=noto&steps=3&guidance=1')
  await expect(demo.status).toHaveText('ready')
  const placeOf = () =>
    page.locator('main > *, #stage').evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().toJSON()))
  const before = await placeOf()
  bring()
  const first = page.getByTestId('cell-0')
  await expect(first).toBeVisible()
  expect(await placeOf()).toEqual(before)

  await demo.draw()
  await expect(first).toBeHidden()
  const explained = page.getByRole('region', { name: 'What is happening' })
  await expect(explained).toContainText('at timestep t = 66')
  await page.getByTestId('undo').click()
  await expect(first).toBeVisible()
  await expect(explained).toBeHidden()
})

test('draws another picture than the sticker that is open, and goes back to the wall', async ({ demo, page }) => {
  await demo.open()
  await expect(demo.status).toHaveText('ready')
  await page.getByRole('button', { name: /: panda, Noto, seed \d+$/ }).click()
  await expect(page.getByTestId('prompt')).toHaveValue('panda')
  const seed = Number(await page.getByTestId('seed').inputValue())
  await page.goBack()
  await expect(page.getByTestId('grid')).toBeVisible()
  await page.goForward()
  await expect(demo.canvas).toHaveAccessibleName('panda, Noto')
  await demo.draw()
  expect((await demo.asked()).seeds).not.toEqual([seed])
  await page.goBack()
  await expect(page.getByRole('button', { name: /: panda, Noto, seed \d+$/ })).toBeVisible()
})

test('leaves a picture that was asked for alone', async ({ demo, page }) => {
  await demo.open('?prompt=fox&steps=2&auto=1')
  await demo.drawn()
  await expect(page.getByTestId('grid')).toBeHidden()
  expect(
    await page.evaluate(() => performance.getEntriesByName(new URL('wall/sprite.webp', document.baseURI).href)),
  ).toEqual([])
})

test('compares settings in a grid, says how long it takes, shows progress in the tab, and can be stopped', async ({
  demo,
  page,
}) => {
  await demo.open('?prompt=panda&style=noto&seed=5&steps=2&guidance=1')
  await expect(demo.status).toHaveText('ready')
  const ownTitle = await page.title()
  await page.getByText('Compare', { exact: true }).click()
  await page.getByTestId('comparison').selectOption('Guidance × steps')
  await expect(page.locator('#compare-estimate')).toHaveText(
    /^16 pictures with the words .* about \d+ (seconds|minutes)\.$/,
  )
  await page.getByTestId('comparison').selectOption('Styles')
  await expect(page.locator('#compare-estimate')).toHaveText(/^7 pictures /)

  await demo.pauseAfter(1)
  await page.getByTestId('compare').click()
  await expect(page.getByTestId('progress')).toContainText('picture 1 of 7 · step 1 of 2')
  await expect(page).toHaveTitle('0/7 · panda: Styles')
  await expect(page.getByTestId('stop')).toBeFocused()
  await page.getByTestId('cell-3').focus()
  await demo.resume()
  await demo.done()
  await expect(page.getByTestId('cell-3')).toBeFocused()
  await expect(page).toHaveTitle(ownTitle)
  await expect(page.getByTestId('grid').getByRole('button')).toHaveText([
    '3D · Fluent',
    'Flat · Fluent',
    'Noto',
    'Blob · early Noto',
    'Twemoji',
    'EmojiOne',
    'Firefox · FxEmoji',
  ])
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Picture 4 of 7: Blob · early Noto, seed 5' }).click()
  await expect(demo.canvas).toHaveAccessibleName('panda, Blob · early Noto')
  await expect(page.getByTestId('scrubber')).toHaveAttribute('max', '2')

  await demo.pauseAfter(2)
  await page.getByTestId('comparison').selectOption('Guidance × truncation')
  await page.getByTestId('compare').click()
  await expect(page.getByTestId('progress')).toContainText('picture 1 of 16 · step 2 of 2')
  expect((await demo.asked()).truncation).toBe(0.5)
  await page.getByTestId('stop').click()
  await expect(page.getByTestId('progress')).toContainText('Stopped. 0 of 16 pictures are drawn.')
  await page.getByTestId('undo').click()
  await expect(demo.canvas).toHaveAccessibleName('panda, Blob · early Noto')
  await page.getByTestId('redo').click()
  await page.getByTestId('continue').click()
  await expect(page.getByTestId('progress')).toContainText('picture 2 of 16 · step 2 of 2')
  await page.getByTestId('stop').click()
  await expect(page.getByTestId('progress')).toContainText('Stopped. 1 of 16 pictures are drawn.')
  await expect(page.getByTestId('cell-1')).toHaveAccessibleName(/^Picture 2 of 16: 1 · 0.7, seed 5, not finished$/)
  await demo.resume()
  await demo.draw(() => page.getByTestId('continue').click())
  await expect(page.getByTestId('continue')).toBeHidden()
  const drawn = page.getByTestId('grid').getByRole('button', { name: /seed 5$/ })
  await expect(drawn).toHaveCount(16)
})

test('has the step of a drawing in the title of the tab', async ({ demo, page }) => {
  await demo.open('?prompt=panda&style=noto&steps=3&guidance=1')
  await expect(demo.status).toHaveText('ready')
  const ownTitle = await page.title()
  await demo.pauseAfter(2)
  await demo.generate.click()
  await expect(page).toHaveTitle('2/3 · panda, Noto')
  await demo.resume()
  await demo.done()
  await expect(page).toHaveTitle(ownTitle)
})
