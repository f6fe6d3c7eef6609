import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { findBrowser } from './scripts/browser.mjs'
import { wgsl } from './scripts/wgsl_plugin.ts'
import { packageFolder } from './test/support/build_package.ts'
import { converterCommands } from './test/support/converter_commands.ts'
import { alias, manifest, names } from './vite.config.ts'

/** Tests that need WebGPU: of kernels, and of what is around them. Each half has a browser of its own, at the same time. */
const kernelTests = ['test/kernels/**/*.test.ts', 'test/laws/**/*.test.ts']
const hostTests = ['test/**/*.test.ts', 'src/**/*.gpu.test.ts']
const nodeTests = 'test/**/*.node.test.ts'
const conformance = 'test/conformance/conformance.test.ts'
/** Networks of whole models on WebGPU: minutes on a software adapter, and no part of `npm test`. */
const networkTests = 'test/networks/**/*.test.ts'

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
        commands: converterCommands,
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
          // Most files take less time than a process of their own would.
          pool: 'threads',
          isolate: false,
          setupFiles: 'test/support/node_setup.ts',
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
      await browserProject('kernels', kernelTests, [nodeTests], alias),
      await browserProject('host', hostTests, [nodeTests, conformance, networkTests, ...kernelTests], alias),
      await browserProject('networks', [networkTests], [], alias),
      await browserProject('package', [conformance], [], packageAlias),
    ],
  },
})
