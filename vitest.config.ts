import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { findBrowser } from './scripts/browser.mjs'
import { wgsl } from './scripts/wgsl_plugin.ts'
import { alias, manifest } from './vite.config.ts'

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        plugins: [wgsl(), manifest],
        test: {
          name: 'node',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'demo/**/*.test.ts',
            'bench/**/*.test.ts',
            'test/**/*.node.test.ts',
          ],
        },
      },
      {
        resolve: { alias },
        // The kernels as the package contains them.
        plugins: [wgsl({ strip: true })],
        // A dependency that is found only while a test runs would be bundled then, and the page reloaded under the test.
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
          exclude: ['test/**/*.node.test.ts'],
          setupFiles: ['test/support/setup.ts', 'test/support/gpu_adapter.ts'],
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
