import { readFile } from 'node:fs/promises'
import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './accessible'
import { DemoPage } from './demo_page'
import { test } from './fixtures'

// The page alone: what the worker answers does not matter here, only what the page makes of it.
test.use({ studio: 'stub', permissions: ['clipboard-read', 'clipboard-write'] })

/** Few steps, and settings that the address carries. */
const QUICK = 'style=noto&steps=2&guidance=1'

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

test('draws anything when the prompt is cleared, and keeps it cleared', async ({ demo, page }) => {
  await demo.open('?steps=1&guidance=1')
  await page.getByTestId('prompt').fill('')
  await demo.draw()
  const [style, ...words] = Object.values((await demo.asked()).text!)
  expect(style).toBeGreaterThan(0)
  expect(words).toEqual(new Array(15).fill(0))
  await expect(page.getByTestId('canvas')).toHaveAccessibleName('Anything, 3D · Fluent')
  await page.reload()
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('prompt')).toHaveValue('')
})

test('has the request in the address while it is drawn, so that a reload loses none of it', async ({ demo, page }) => {
  await demo.open('?prompt=ghost&steps=60#picture=of-something-else')
  await expect(demo.status).toHaveText('ready')
  await page.getByTestId('prompt').fill('blue butterfly')
  await page.getByTestId('guidance').fill('1')
  await demo.pauseAfter(1)
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('step 1 of 60')
  expect(new URL(page.url()).hash).toBe('')
  await page.reload()
  await expect(demo.status).toHaveText('ready')
  await expect(page.getByTestId('prompt')).toHaveValue('blue butterfly')
  await expect(page.getByTestId('guidance')).toHaveValue('1')
})

test('fills the form from the address, sensibly, and starts when told to', async ({ demo, page }) => {
  await demo.open('?prompt=green+apple&style=cubist&steps=0&guidance=99&seed=-3&engine=quantum&auto=1')
  await expect(page.getByTestId('prompt')).toHaveValue('green apple')
  await expect(page.getByRole('radio', { name: 'Any style' })).toBeChecked()
  await expect(page.getByTestId('steps')).toHaveValue('1')
  await expect(page.getByTestId('guidance')).toHaveValue('10')
  await expect(page.getByTestId('seed')).toHaveValue('0')
  await demo.drawn()
})

test('fits a phone, where what explains the picture is folded', async ({ demo, page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await demo.open(`?prompt=panda&${QUICK}`)
  await expect(demo.status).toHaveText('ready')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await demo.draw()
  for (const [name, content] of [
    ['What is happening', 'explain-picker'],
    ['How it came about', 'scrubber'],
  ] as const) {
    await expect(page.getByTestId(content)).toBeHidden()
    await page.getByRole('heading', { name }).click()
    await expect(page.getByTestId(content)).toBeVisible()
  }
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
  const words = { prompt: 'green apple', negative: 'worm' }
  const settings = { ...words, steps: '2', guidance: '1.5', seed: '21', truncation: '0.9' }
  await demo.open(`?${new URLSearchParams(settings)}&style=noto&auto=1`)
  const pixels = await demo.drawn()
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save').click()])
  const file = await readFile(await saved.path())

  await demo.open()
  await expect(demo.status).toHaveText('ready')
  await drop(page, 'from a friend.png', 'image/png', file)
  expect(await demo.drawn()).toEqual(pixels)
  for (const [name, value] of Object.entries(settings)) await expect(page.getByTestId(name)).toHaveValue(value)
  await expect(page.getByRole('radio', { name: 'Noto', exact: true })).toBeChecked()
})

test('offers presets, by mouse and by keys, and chooses none for other numbers', async ({ demo, page }) => {
  await demo.open('?prompt=panda')
  await expect(demo.status).toHaveText('ready')
  const preset = (name: string) => page.getByRole('group', { name: 'Quality' }).getByRole('radio', { name })
  const [quick, standard, best] = [preset('Quick'), preset('Default'), preset('Best')]
  const numbersOf = () =>
    page
      .locator('#steps, #guidance, #truncation, #guided-from, #guided-to')
      .evaluateAll((fields) => (fields as HTMLInputElement[]).map(({ value }) => value).join(' '))
  await expect(standard).toBeChecked()
  const numbers = await numbersOf()
  await quick.check()
  await expect(page.getByTestId('guidance')).toHaveValue('1')
  await expect(quick).toHaveAccessibleDescription(/^\d+ steps, no guidance, truncation 0\.\d+$/)
  await page.keyboard.press('ArrowRight')
  await expect(standard).toBeChecked()
  expect(await numbersOf()).toBe(numbers)

  await page.getByTestId('steps').fill('13')
  for (const each of [quick, standard, best]) await expect(each).not.toBeChecked()
  await best.check()
  await demo.draw()
  const { steps, guidance, guidedFrom, guidedTo, truncation } = await demo.asked()
  expect(await numbersOf()).toBe([steps, guidance, truncation, guidedFrom, guidedTo].join(' '))

  await page.reload()
  await expect(best).toBeChecked()
  await page.getByTestId('engine-room').locator('summary').click()
  await page.getByTestId('guided-from').fill('60')
  await page.getByTestId('guided-to').fill('40')
  await page.getByTestId('guided-to').blur()
  await expect(page.getByTestId('guided-to')).toHaveValue('60')
  await expect(best).not.toBeChecked()
  await expectAccessible(page)
})

test('says how long a long drawing takes, and shows at once that it runs', async ({ demo, page }) => {
  const estimate = page.getByTestId('estimate')
  await demo.open(`?prompt=panda&${QUICK}`)
  await expect(demo.status).toHaveText('ready')
  await expect(estimate).toHaveText('')
  await page.getByTestId('count').fill('16')
  await page.getByTestId('steps').fill('16')
  await expect(estimate).toHaveText('Takes about 2 minutes on this machine.')
  await expect(demo.generate).toHaveAccessibleDescription('Takes about 2 minutes on this machine.')
  await page.getByTestId('guidance').fill('2')
  await expect(estimate).toHaveText('Takes about 4 minutes on this machine.')
  await demo.pauseAfter(0)
  await demo.generate.click()
  const progress = page.getByTestId('progress')
  const bar = page.locator('#bar')
  await expect(progress).toContainText('step 1 of 16')
  const before = Number(await bar.getAttribute('value'))
  await expect(progress).toContainText(/step 1 of 16, [1-9]\d* s so far/)
  await expect.poll(async () => Number(await bar.getAttribute('value'))).toBeGreaterThan(before)
  await demo.resume()
  await demo.done()
  // A step of the stub takes 2 ms.
  await expect(estimate).toHaveText('')
})

test('winds a picture back to noise, and undoes it until nothing is left to undo', async ({ demo, page }) => {
  await demo.open(`?prompt=panda&${QUICK}&auto=1`)
  await demo.drawn()
  const scrubber = page.getByTestId('scrubber')
  await expect(scrubber).toHaveAttribute('max', '2')
  await scrubber.fill('0')
  await expect(scrubber).toHaveAttribute('aria-valuetext', /start, before 2 steps/)
  const undo = page.getByTestId('undo')
  await undo.click()
  await expect(scrubber).toBeHidden()
  await expect(undo).toBeDisabled()
})

test('explains every setting, by touch, key and screen reader', async ({ demo, page }) => {
  await demo.open(`?${QUICK}`)
  await expect(demo.status).toHaveText('ready')
  await page.getByTestId('engine-room').locator('summary').click()
  await page.getByText('Leave out', { exact: true }).click()
  const fields = page.locator(':is(.settings, .dials) :is(input:not([type=radio]), select), #engine, #quality')
  await expect(fields).toHaveCount(13)
  for (const field of [page.getByTestId('seed-lock'), page.getByTestId('negative')])
    await expect(field).toHaveAccessibleDescription(/.{100}/)
  for (const field of await fields.all()) await expect(field).toHaveAccessibleDescription(/.{40}/)
  const help = page.getByRole('button', { name: 'About Guidance' })
  const text = page.getByText('How closely the picture keeps to the words.')
  await expect(text).toBeHidden()
  await page.getByTestId('guidance').focus()
  await page.keyboard.press('Tab')
  await expect(help).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(text).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(text).toBeHidden()
  await expect(help).toBeFocused()
  for (const button of await page.getByRole('button', { name: /^About / }).all()) {
    await button.click()
    const panel = page.locator('.help-panel:popover-open')
    await expect(panel).toHaveCount(1)
    await expect(panel).toBeInViewport({ ratio: 1 })
    await page.keyboard.press('Escape')
  }
})

test('records no step with live preview off, says so, and saves what is there after a stop', async ({ demo, page }) => {
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

  const save = page.getByTestId('save')
  await demo.pauseAfter(1)
  await demo.generate.click()
  await expect(page).toHaveTitle(/^1\/2/)
  await page.getByTestId('stop').click()
  await expect(save).toBeEnabled()
  expect((await demo.asked()).atOnce).toBe(true)
  await expect(demo.canvas).toHaveAccessibleName('panda, Noto, not finished')
  await demo.pauseAfter(0)
  await demo.generate.click()
  await expect(page).toHaveTitle(/^0\/2/)
  await page.getByTestId('stop').click()
  await expect(page.getByTestId('progress')).toContainText('there is nothing to save yet')
  await expect(save).toBeDisabled()
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
  await demo.pauseAfter(1)
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText('step 1 of 3 ·')
  await expectAccessible(page)
  await demo.resume()
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
  await demo.draw(() => page.getByTestId('vary').click())
  await expectAccessible(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
})

test('opens what its footer links to beside the studio; the model card is a page to read', async ({
  demo,
  page,
  request,
}) => {
  await demo.open()
  for (const link of await page.getByRole('contentinfo').getByRole('link').all()) {
    await expect(link).toHaveAttribute('target', '_blank')
    await expect(link).toHaveAttribute('rel', 'noopener')
  }
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
    await expect(page.getByTestId('vary')).toHaveCSS(property, grey)
    await expect(page.getByTestId('seed-lock')).not.toHaveCSS(property, grey)
  }
  const placeholder = await page
    .getByTestId('prompt')
    .evaluate((prompt) => getComputedStyle(prompt, '::placeholder').color)
  expect(placeholder).toBe(grey)
  await demo.pauseAfter(1)
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
  await demo.pauseAfter(1)
  await page.keyboard.press('Enter')
  await expect(demo.status).toHaveText('drawing')
  await focused('prompt')
  await demo.resume()
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
  await page.keyboard.press('1')
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Space')
  await expect(page.getByRole('status')).toHaveText('row 9, column 8, marked')
  await tabTo('repaint')
  await demo.pauseAfter(1)
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('progress')).toContainText('step 1 of 2 ·')
  await expect(demo.status).toHaveText('drawing')
  await focused('stop')
  await page.keyboard.press('Enter')
  await expect(demo.status).toHaveText('stopped')
  await expect(page.locator(':focus')).toHaveCount(1)
})
