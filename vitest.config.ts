import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { findBrowser } from './scripts/browser.mjs'
import { wgsl } from './scripts/wgsl_plugin.ts'
import { alias, manifest } from './vite.config.ts'

async function browserProject(
  name: string,
  setupFiles: string[],
  include: string[],
): Promise<TestProjectConfiguration> {
  return {
    resolve: { alias },
    // The kernels as they ship.
    plugins: [wgsl({ strip: true })],
    // Found only while a test runs, a dependency would be bundled then, and the page reloaded under the test.
    optimizeDeps: {
      include: ['onnxruntime-web', 'onnxruntime-web/webgpu', 'wgsl-preprocessor/wgsl-preprocessor.js', 'wgsl_reflect'],
    },
    test: {
      name,
      include,
      setupFiles: ['test/setup.ts', ...setupFiles],
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
  }
}

/** Tests of kernels that work on columns, which spread otherwise on adapters that compute on the CPU. */
const columnTests = ['diagnostics', 'fixtures', 'half', 'known', 'purity', 'step', 'truncation', 'twin']

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        plugins: [wgsl(), manifest],
        test: {
          name: 'node',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'demo/**/*.test.ts', 'bench/**/*.test.ts'],
        },
      },
      await browserProject('browser', ['test/as_on_a_gpu.ts'], ['test/**/*.test.ts']),
      await browserProject(
        'software adapter',
        [],
        columnTests.map((name) => `test/${name}.test.ts`),
      ),
    ],
  },
})
