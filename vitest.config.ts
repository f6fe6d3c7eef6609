import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { findBrowser } from './scripts/browser.mjs'
import { wgsl } from './scripts/wgsl_plugin.ts'
import { packageFolder } from './test/support/build_package.ts'
import { alias, manifest, names } from './vite.config.ts'

/** Tests that need WebGPU; a sampler's test is in its folder. */
const gpuTests = ['test/**/*.test.ts', 'src/**/*.gpu.test.ts']
const conformance = 'test/conformance/conformance.test.ts'

/** The library's public names, resolved to the built package. */
const packageAlias = {
  'vq-diffusion-webgpu/onnx': `${packageFolder}onnx.js`,
  'vq-diffusion-webgpu/cpu': `${packageFolder}cpu.js`,
  'vq-diffusion-webgpu/shaders': `${packageFolder}shaders.js`,
  'vq-diffusion-webgpu': `${packageFolder}index.js`,
}

/** Tests in a headless browser. */
async function browserProject(name: string, include: string[], exclude: string[], names: Record<string, string>) {
  return {
    resolve: { alias: names },
    // The kernels as the package contains them.
    plugins: [wgsl({ strip: true })],
    // A dependency that is found only while a test runs would be bundled then, and the page reloaded under the test.
    optimizeDeps: {
      include: ['@noble/hashes/sha2.js', 'onnxruntime-web', 'onnxruntime-web/webgpu', 'wgsl_reflect'],
      // The built package lies in node_modules. As a dependency it would be bundled once and kept, whatever is built later.
      exclude: Object.keys(names),
    },
    test: {
      name,
      include,
      exclude,
      setupFiles: ['test/support/setup.ts', 'test/support/gpu_adapter.ts'],
      fileParallelism: false,
      testTimeout: 60_000,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: await findBrowser() }),
        instances: [{ browser: 'chromium' as const }],
      },
    },
  }
}

export default defineConfig({
  test: {
    globalSetup: 'test/support/build_package.ts',
    projects: [
      {
        resolve: { alias },
        plugins: [wgsl(), manifest, names],
        test: {
          name: 'node',
          exclude: ['src/**/*.gpu.test.ts'],
          testTimeout: 30_000,
          // The default leaves one core free.
          maxWorkers: '100%',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'demo/**/*.test.ts',
            'bench/**/*.test.ts',
            'docs/.vitepress/**/*.test.ts',
            'test/**/*.node.test.ts',
          ],
        },
      },
      await browserProject('browser', gpuTests, ['test/**/*.node.test.ts', conformance], alias),
      await browserProject('package', [conformance], [], packageAlias),
    ],
  },
})
