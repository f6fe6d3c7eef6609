import { readFileSync } from 'node:fs'
import { expect } from '@playwright/test'
import { testOnKeptPage as test } from './fixtures'

/** Words of the prompt, as the page understands them. */
test.use({ studio: 'stub' })
test.describe.configure({ mode: 'default' })

const { vocab } = JSON.parse(
  readFileSync(new URL('../packages/vq-diffusion-emoji/emoji-16x16/tokenizer/tokenizer.json', import.meta.url), 'utf8'),
) as { vocab: string[] }

/** Style and words of each picture, from the tokens that the page has asked to be drawn. */
const wordsOf = (text: Int32Array | Record<number, number>) => {
  const tokens = Object.values(text).map((token) => (token === 0 ? '' : vocab[token]!))
  return Array.from({ length: tokens.length / 16 }, (_, picture) =>
    tokens
      .slice(16 * picture, 16 * (picture + 1))
      .join(' ')
      .trim(),
  )
}

test('completes whole names, by keyboard, pointer and touch', async ({ demo, page }) => {
  const prompt = page.getByTestId('prompt')
  const options = page.getByRole('listbox', { name: 'Words the model knows' }).getByRole('option')
  await demo.ask('?prompt=&steps=1')
  await prompt.pressSequentially('a Cat fa')
  await expect(options.first()).toHaveText('cat face')
  await expect(prompt).toHaveAttribute('aria-expanded', 'true')
  await prompt.press('ArrowDown')
  await expect(prompt).toHaveAttribute('aria-activedescendant', 'completion-0')
  await prompt.press('Enter')
  await expect(prompt).toHaveValue('a cat face ')
  await prompt.fill('thumbs up')
  await expect(options).toHaveText(['light', 'medium', 'dark'].map((tone) => `thumbs up ${tone} skin tone`))
  await page.getByRole('option', { name: 'medium' }).click()
  await expect(prompt).toHaveValue('thumbs up medium skin tone ')
  await expect(prompt).toBeFocused()
  await prompt.fill('pnada')
  await page.getByRole('option', { name: 'panda' }).click()
  await expect(prompt).toHaveValue('panda ')
  await demo.draw()
})

test('reads an emoji as its name, and says so', async ({ demo, page }) => {
  await demo.ask(`?prompt=${encodeURIComponent('red 🐼👍🏽')}&style=noto&steps=1&auto=1`)
  await demo.drawn()
  await expect(page.getByTestId('ignored')).toHaveText('🐼 panda, 👍🏽 thumbs up medium skin tone')
  expect(wordsOf((await demo.asked()).text!)).toEqual(['style:noto red panda thumbs up medium skin tone'])
  await expect(page.getByTestId('canvas')).toHaveAccessibleName('red 🐼👍🏽, Noto')
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save').click()])
  expect(saved.suggestedFilename()).toBe('red-panda-thumbs-up-medium-skin-tone-noto-7.png')
})

test('draws nothing of unknown words only, and says what may be meant', async ({ demo, page }) => {
  const prompt = page.getByTestId('prompt')
  const remark = page.getByTestId('ignored')
  const states = await demo.watchStates()
  await demo.ask('?prompt=qwzx&steps=1&auto=1')
  await expect(remark).toHaveText('Unknown: qwzx. Try panda, red heart or ghost.')
  await expect(prompt).toBeFocused()
  for (const [words, sentence] of [
    ['the gohst', 'Unknown: gohst. Did you mean ghost?'],
    ['🇩🇪', 'Unknown: 🇩🇪. Try panda, red heart or ghost.'],
    ['?!', 'Unknown: “?!”. Try panda, red heart or ghost.'],
  ] as const) {
    await prompt.fill(words)
    await demo.generate.click()
    await expect(remark).toHaveText(sentence)
    await expect(prompt).toBeFocused()
    await expect(prompt).toHaveAttribute('aria-invalid', 'true')
    await expect(page.locator('#announcer')).toContainText(sentence)
  }
  expect(await states()).not.toContain('drawing')
  await prompt.fill('a gohst, panda')
  await expect(prompt).toHaveAttribute('aria-invalid', 'false')
  await demo.draw()
  await expect(remark).toHaveText('ignored: gohst')
})

test('draws one style a picture where any style will do, and the same one again alone', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&seed=8&count=3&steps=2&auto=1')
  await demo.done()
  expect(wordsOf((await demo.asked()).text!)).toEqual(['style:flat panda', 'style:noto panda', 'style:blob panda'])
  await page.getByRole('button', { name: 'Picture 2 of 3: panda, Noto, seed 9' }).click()
  const tokens = await demo.tokens()
  const link = page.url()
  expect(new URL(link).searchParams.get('style')).toBe('noto')
  await demo.draw(() => page.getByTestId('vary').click())
  expect(new Set(wordsOf((await demo.asked()).text!))).toEqual(new Set(['style:noto panda']))
  await demo.ask(link)
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  await page.getByRole('button', { name: 'Draw again' }).click()
  await expect(page.getByTestId('progress')).toContainText('The same picture again, token for token.')
  expect(await demo.tokens()).toEqual(tokens)
  // As links were before pictures had a style of their own.
  await demo.ask(link.replace('style=noto', 'style=any'))
  await expect(page.getByTestId('progress')).toContainText('The settings in the link were changed')
  await page.getByRole('button', { name: 'Draw again' }).click()
  await expect(page.getByTestId('progress')).toContainText('Not the same')
  expect(wordsOf((await demo.asked()).text!)).toEqual(['panda'])
})

test('leaves words out by guidance, and says when it cannot', async ({ demo, page }) => {
  const negative = page.getByTestId('negative')
  const remark = page.getByTestId('negative-remark')
  await demo.ask('?prompt=panda&style=noto&steps=1&guidance=2')
  await expect(negative).toBeHidden()
  await demo.draw()
  expect((await demo.asked()).negativeText).toBeUndefined()
  await page.getByText('Leave out').click()
  await expect(remark).toHaveText('Guidance leads away from these words.')
  await negative.fill('🌳 florbish')
  await expect(remark).toHaveText('ignored: florbish')
  await demo.draw()
  expect(wordsOf((await demo.asked()).negativeText!)).toEqual(['deciduous tree'])
  await demo.tokens()
  const link = new URL(page.url())
  expect(link.searchParams.get('negative')).toBe('🌳 florbish')
  await page.getByTestId('guidance').fill('1')
  await expect(remark).toHaveText('Guidance is 1, so they are not left out: it needs another value.')
  await negative.fill('')
  await expect(remark).toHaveText('Guidance leads away from these words.')
  await page.getByText('Leave out').click()
  await demo.ask(link.href)
  await expect(negative).toHaveValue('🌳 florbish')
  await expect(negative).toBeVisible()
})

test('puts the picture first that the model is surest of, when asked', async ({ demo, page }) => {
  const surest = page.getByTestId('surest')
  await demo.ask('?prompt=panda&style=noto&seed=4&count=4&steps=1')
  await expect(surest).toBeHidden()
  await demo.generate.click()
  await expect(surest).toBeVisible()
  const names = () =>
    page
      .getByTestId('grid')
      .getByRole('button')
      .evaluateAll((tiles) => tiles.map((tile) => tile.ariaLabel))
  const before = await names()
  await surest.click()
  await expect(page.getByTestId('progress')).toContainText('The first is the one that the model is surest of.')
  await expect(surest).toBeHidden()
  await expect(page.getByTestId('cell-0')).toBeFocused()
  await expect(page.locator('#title')).toHaveText('4 × panda, Noto, surest first')
  // The stub is surest of the largest first token.
  const firstTokens = []
  for (let i = 0; i < 4; i++) {
    await page.getByTestId(`cell-${i}`).click()
    firstTokens.push((await demo.tokens())[0]!)
    await page.getByRole('button', { name: 'All pictures' }).click()
  }
  expect(firstTokens).toEqual(firstTokens.toSorted((a, b) => b - a))
  await page.getByTestId('undo').click()
  expect(await names()).toEqual(before)
  await expect(surest).toBeVisible()
})

test('has the styles as pictures with names, for pointer and keyboard', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&style=noto&steps=1')
  const styles = page.getByRole('group', { name: 'Style' })
  await expect(styles.getByRole('radio')).toHaveCount(8)
  await expect(styles).toContainText('Noto')
  await page.getByRole('radio', { name: 'Noto', exact: true }).press('ArrowRight')
  await expect(page.getByRole('radio', { name: 'Blob · early Noto' })).toBeChecked()
  await expect(styles).toContainText('Blob · early Noto')
  await page.getByTitle('Firefox · FxEmoji').click()
  await demo.draw()
  expect(wordsOf((await demo.asked()).text!)).toEqual(['style:firefox panda'])
})
