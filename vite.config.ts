import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { contentSecurity } from './demo/build/content_security.ts'
import { emojiNames } from './demo/build/emoji_names.ts'
import { isolation } from './demo/build/isolation.ts'
import { modelCard } from './demo/build/model_card.ts'
import { modelFolder } from './demo/build/model_folder.ts'
import { modelManifest } from './demo/build/model_manifest.ts'
import { offline } from './demo/build/offline.ts'
import { site } from './demo/build/site.ts'
import { wgsl } from './scripts/wgsl_plugin.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The library's public names, resolved to its sources, so that the demo imports what its users import. */
export const alias = {
  'vq-diffusion-webgpu/onnx': path('./src/onnx.ts'),
  'vq-diffusion-webgpu/cpu': path('./src/cpu.ts'),
  'vq-diffusion-webgpu/shaders': path('./src/shaders.ts'),
  'vq-diffusion-webgpu': path('./src/index.ts'),
}

const { resolve } = createRequire(import.meta.url)
const modelRoot = dirname(resolve('vq-diffusion-emoji/emoji-16x16/model_index.json'))
const model = (name: string) => join(modelRoot, name)
const network = (name: string) => [name, model(name)]
const runtime = (name: string) => [name, resolve(`onnxruntime-web/${name}`)]

/** What the demo downloads with a progress bar and checks before use. */
export const manifest = modelManifest(
  Object.fromEntries([
    runtime('ort-wasm-simd-threaded.asyncify.wasm'),
    runtime('ort-wasm-simd-threaded.wasm'),
    network('denoiser/model.onnx'),
    network('denoiser/model_int8.onnx'),
    network('denoiser/weights.bin'),
    network('vqvae/decoder.onnx'),
    network('vqvae/encoder.onnx'),
  ]),
)

/** The names of emoji that the demo completes. */
export const names = emojiNames({
  emoji: resolve('emojibase-data/en/data.json'),
  tokenizer: model('tokenizer/tokenizer.json'),
  sureness: path('./demo/build/name_sureness.json'),
})

const { repository }: { repository?: { url: string } } = JSON.parse(readFileSync(path('./package.json'), 'utf8'))

const demo = defineConfig({
  root: path('./demo'),
  base: './',
  resolve: { alias },
  plugins: [
    wgsl(),
    manifest,
    names,
    modelFolder(modelRoot, 'models/emoji-16x16'),
    modelCard(model('MODEL_CARD.md')),
    site({ address: process.env.SITE_URL, repository: repository?.url.replace(/^git\+|\.git$/g, '') }),
    contentSecurity(),
    isolation(),
    offline(),
  ],
  worker: { format: 'es', plugins: () => [wgsl(), manifest] },
  build: {
    outDir: path('./dist/demo'),
    emptyOutDir: true,
    target: 'es2022',
    rollupOptions: { input: [path('./demo/index.html'), path('./demo/model_card.html')] },
  },
  server: { fs: { allow: [path('.')] } },
})

const library = defineConfig({
  plugins: [wgsl()],
  publicDir: false,
  build: {
    outDir: path('./dist/lib'),
    emptyOutDir: true,
    target: 'es2022',
    // A user's bundler minifies. Without one, class names and stack traces stay readable.
    minify: false,
    sourcemap: true,
    lib: {
      entry: {
        index: alias['vq-diffusion-webgpu'],
        cpu: alias['vq-diffusion-webgpu/cpu'],
        onnx: alias['vq-diffusion-webgpu/onnx'],
        shaders: alias['vq-diffusion-webgpu/shaders'],
        // The command of the package, for Node.
        'convert/main': path('./src/convert/main.ts'),
      },
      formats: ['es'],
    },
    rollupOptions: {
      external: [/^onnxruntime-web/, /^@noble\/hashes/, /^node:/],
      treeshake: { moduleSideEffects: false },
      output: {
        // A file for each module: with `sideEffects: false` a user's bundler leaves out the unused ones.
        preserveModules: true,
        preserveModulesRoot: path('./src'),
        // Doc comments are in the declarations; the annotations tell bundlers which calls have no side effects.
        comments: { annotation: true, jsdoc: false, legal: false },
      },
    },
  },
})

export default defineConfig(({ mode }) => (mode === 'library' ? library : demo))
