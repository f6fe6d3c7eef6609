import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { findBrowser } from './scripts/browser.mjs'
import { alias, manifest } from './vite.config.ts'

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        plugins: [manifest],
        test: {
          name: 'node',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'demo/**/*.test.ts', 'bench/**/*.test.ts'],
        },
      },
      {
        resolve: { alias },
        // Found only while a test runs, a dependency would be bundled then, and the page reloaded under the test.
        optimizeDeps: {
          include: [
            'onnxruntime-web',
            'onnxruntime-web/webgpu',
            'wgsl-preprocessor/wgsl-preprocessor.js',
            'wgsl_reflect',
          ],
        },
        test: {
          name: 'browser',
          include: ['test/**/*.test.ts'],
          setupFiles: ['test/setup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: await findBrowser() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
