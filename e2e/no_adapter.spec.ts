import { expect } from '@playwright/test'
import { browserArgs, findBrowser } from '../scripts/browser.mjs'
import { expectRedHeart, test } from './demo_page'

// WebGPU is there, but without these flags a headless browser on a machine without a GPU has no adapter.
const args = [...browserArgs.filter((argument) => !argument.includes('webgpu')), '--disable-gpu']
test.use({
  launchOptions: { ...(await findBrowser()), args },
  expectedMessages: [/No available adapters/],
})

test('draws without an adapter and says so', async ({ demo, page }) => {
  await demo.open('?prompt=red+heart&style=3d&seed=3&steps=7&auto=1')
  expectRedHeart(await demo.drawn())
  await expect(demo.backend).toHaveText('engine cpu · network wasm')
  await expect(page.getByTestId('notice')).toContainText('WebGPU found no graphics adapter')
})
