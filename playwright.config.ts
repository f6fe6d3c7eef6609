import { defineConfig } from '@playwright/test'
import { findBrowser } from './scripts/browser.mjs'

// Another port lets two copies of the repository be tested at a time.
const port = process.env.DEMO_PORT ?? '4173'
// scripts/test.mjs has built the demo already.
const server = process.env.DEMO_BUILT ? 'npx vite preview' : 'npm start --'
const baseURL = `http://localhost:${port}`
const browser = await findBrowser()

export default defineConfig({
  testDir: './e2e',
  // A test may draw several pictures, with the network in one WebAssembly thread.
  timeout: 180_000,
  expect: { timeout: 60_000 },
  // One more would not be faster on two cores: the network takes one.
  workers: 2,
  fullyParallel: true,
  use: {
    baseURL,
    browserName: 'chromium',
    // Names that lead to this machine: see TestServer.
    launchOptions: { ...browser, args: [...browser.args, '--host-resolver-rules=MAP insecure.example 127.0.0.1'] },
  },
  webServer: {
    command: `${server} --port ${port} --strictPort`,
    url: baseURL,
    timeout: 120_000,
  },
})
