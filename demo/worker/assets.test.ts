import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { modelFiles, runtimeFile } from './assets'

const { resolve } = createRequire(import.meta.url)
const models = fileURLToPath(new URL('../public/models/emoji-16x16/', import.meta.url))

it('knows the sizes of the files that the loading bar counts', () => {
  expect(runtimeFile('wasm').bytes).toBe(statSync(resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')).size)
  expect(runtimeFile('webgpu').bytes).toBe(
    statSync(resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm')).size,
  )
  for (const { url, bytes } of modelFiles(models)) expect(bytes).toBe(statSync(url).size)
})
