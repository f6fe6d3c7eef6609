import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { minifiedShaders } from './scripts/minified_shaders.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The library's public names, resolved to its sources, so that the demo imports what its users import. */
export const alias = {
  'vq-diffusion-webgpu/onnx': path('./src/onnx/index.ts'),
  'vq-diffusion-webgpu/cpu': path('./src/cpu/index.ts'),
  'vq-diffusion-webgpu': path('./src/index.ts'),
}

const shaders = minifiedShaders(path('./shaders'))

const demo = defineConfig({
  plugins: [shaders],
  root: path('./demo'),
  base: './',
  resolve: { alias },
  worker: { format: 'es' },
  build: { outDir: path('./dist/demo'), emptyOutDir: true, target: 'es2022' },
  server: { fs: { allow: [path('.')] } },
})

const library = defineConfig({
  plugins: [shaders],
  publicDir: false,
  build: {
    outDir: path('./dist/lib'),
    emptyOutDir: true,
    target: 'es2022',
    lib: {
      entry: {
        index: alias['vq-diffusion-webgpu'],
        cpu: alias['vq-diffusion-webgpu/cpu'],
        onnx: alias['vq-diffusion-webgpu/onnx'],
      },
      formats: ['es'],
    },
    rollupOptions: {
      external: [/^wgsl-preprocessor/, /^onnxruntime-web/],
      // Vite leaves blanks in a library, for comments that bundlers read; there are none here.
      output: { minify: true },
    },
  },
})

export default defineConfig(({ mode }) => (mode === 'library' ? library : demo))
