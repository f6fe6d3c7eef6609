import { defineConfig } from '@playwright/test'
import { findBrowser } from '../../scripts/browser.mjs'

export default defineConfig({
  globalSetup: './pack.ts',
  // Installing, building and drawing take half a minute, on a busy machine some minutes.
  timeout: 600_000,
  workers: 2,
  fullyParallel: true,
  reporter: 'list',
  outputDir: '../../test-results/examples',
  // pictures/draw.mjs draws them: no run may accept its own result as the expected one.
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  updateSnapshots: 'none',
  use: { browserName: 'chromium', launchOptions: await findBrowser() },
})
