import { expect, type Page } from '@playwright/test'
import { STILL, test } from './fixtures'

test.use({ studio: 'stub', contextOptions: STILL })

/** Texts that stick out of the window or of the box that is drawn around them. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth
    const found: string[] = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const text = texts.currentNode
      const parent = text.parentElement!
      // Chips scroll; what is only for screen readers has no size.
      if (!text.textContent!.trim() || !parent.checkVisibility() || parent.closest('.chips, .unseen, svg')) continue
      const range = document.createRange()
      range.selectNodeContents(text)
      const inner = range.getBoundingClientRect()
      const drawn = parent.closest('button, label > span, .source')
      const box = (drawn ?? document.body).getBoundingClientRect()
      const clipped = getComputedStyle(parent).textOverflow === 'ellipsis'
      const right = clipped ? box.right : inner.right
      const isTooHigh = drawn !== null && (inner.bottom > box.bottom + 1 || inner.top < box.top - 1)
      if (right > Math.min(width, box.right) + 1 || isTooHigh) found.push(text.textContent!.trim())
    }
    if (document.documentElement.scrollWidth > width) found.push(`${document.documentElement.scrollWidth} px wide`)
    return found
  })
}

test('fits windows from 320 px on, and text twice as large', async ({ demo, page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await demo.open('?prompt=panda&style=noto&steps=3&guidance=1')
  await expect(demo.status).toHaveText('ready')
  await demo.draw()
  await page.getByTestId('engine-room').locator('summary').click()
  for (const [width, height, text] of [
    [320, 640, '100%'],
    [390, 844, '100%'],
    [1280, 800, '100%'],
    [2560, 1300, '100%'],
    [390, 844, '200%'],
    [640, 400, '200%'],
    [1280, 800, '200%'],
  ] as const) {
    await page.setViewportSize({ width, height })
    await page.evaluate((size) => {
      document.documentElement.style.fontSize = size
    }, text)
    expect(await overflowing(page), `${width} px, text at ${text}`).toEqual([])
  }
})

test('has Generate and the whole picture in a low window, and a larger picture in a large one', async ({
  demo,
  page,
}) => {
  await demo.open('?prompt=panda')
  await expect(demo.status).toHaveText('ready')
  const bottomOf = async (selector: string) => {
    const { y, height } = (await page.locator(selector).boundingBox())!
    return y + height
  }
  for (const [width, height] of [
    [1366, 650],
    [1280, 620],
    [1280, 800],
    [1920, 1080],
    [2560, 1300],
  ] as const) {
    await page.setViewportSize({ width, height })
    for (const part of ['#generate', '#stage', '.tiles']) {
      expect(await bottomOf(part), `${part} at ${width} × ${height}`).toBeLessThanOrEqual(height)
    }
  }
  expect((await page.locator('#stage').boundingBox())!.width).toBeGreaterThan(800)
})

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false })

  test('says what the page is and needs, and offers nothing that would do nothing', async ({ demo, page }) => {
    await demo.open()
    await expect(page.locator('.no-script')).toContainText('JavaScript is switched off')
    await expect(page.locator('.no-script')).toBeVisible()
    for (const part of ['#form', '.studio', '#engine-room']) await expect(page.locator(part)).toBeHidden()
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByText('loading')).toHaveCount(0)
  })
})
