import { defineConfig } from '@playwright/test'
import { findBrowser } from './scripts/browser.mjs'

const baseURL = 'http://localhost:4173'

export default defineConfig({
  testDir: './e2e',
  // A test draws whole pictures, with the network in one WebAssembly thread.
  timeout: 180_000,
  expect: { timeout: 60_000 },
  // One more would not be faster on two cores: the network takes one.
  workers: 2,
  use: { baseURL, browserName: 'chromium', launchOptions: await findBrowser() },
  webServer: {
    command: 'npm start -- --port 4173 --strictPort',
    url: baseURL,
    timeout: 120_000,
  },
})
