import { expect } from '@playwright/test'
import { browserArgs, findBrowser } from '../scripts/browser.mjs'
import { STILL, test } from './fixtures'

// WebGPU is there, but without these flags a headless browser on a machine without a GPU has no adapter.
const args = [...browserArgs.filter((argument) => !argument.includes('webgpu')), '--disable-gpu']
test.use({
  studio: 'small model',
  contextOptions: STILL,
  launchOptions: { ...(await findBrowser()), args },
  expectedMessages: [/No available adapters/],
})

test('draws without an adapter, and says so', async ({ demo, page }) => {
  await demo.open('?prompt=red+heart&style=3d&seed=3&steps=2&auto=1')
  await demo.drawn()
  await demo.runsOn('CPU', 'WebAssembly')
  await expect(page.getByTestId('notice')).toContainText('WebGPU found no graphics adapter')
  await page.getByTestId('engine-room').locator('summary').click()
  await expect(page.getByTestId('engine-webgpu')).toBeDisabled()
  await expect(page.getByTestId('engine-webgpu')).toHaveAccessibleDescription(/WebGPU found no graphics adapter/)
  await expect(page.getByTestId('engine-cpu')).toBeEnabled()
})
