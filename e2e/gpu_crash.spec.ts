import { expect } from '@playwright/test'
import { browserArgs, findBrowser } from '../scripts/browser.mjs'
import { STILL, test } from './fixtures'

// Another argument makes it a browser of its own: one whose GPU process has crashed offers no adapter after the next crash.
test.use({
  studio: 'small model',
  contextOptions: STILL,
  launchOptions: { ...(await findBrowser()), args: [...browserArgs, '--disable-breakpad'] },
})

test('draws the same picture though the GPU process crashes', async ({ demo, page, browser }) => {
  await demo.open('?prompt=red+heart&style=3d&seed=3&steps=12&engine=webgpu')
  await demo.lockSeed()
  const undisturbed = await demo.draw()
  const states = await demo.watchStates()
  await demo.generate.click()
  await expect(page.getByTestId('progress')).toContainText(/step \d of 12/)
  const session = await browser.newBrowserCDPSession()
  await session.send('Browser.crashGpuProcess')
  expect(await demo.drawn()).toEqual(undisturbed)
  expect(await states()).toEqual(['drawing', 'done'])
})
