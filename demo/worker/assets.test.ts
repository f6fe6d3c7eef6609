import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { StorableFile } from 'vq-diffusion-webgpu/onnx'
import { encoderFile, modelFiles, runtimeFile } from './assets'

const { resolve } = createRequire(import.meta.url)
const root = fileURLToPath(new URL('../../packages/vq-diffusion-emoji/emoji-16x16/', import.meta.url))
const networks = [...modelFiles('wasm', root), modelFiles('webgpu', root)[0], encoderFile(root)]

function expectCorrectFacts({ bytes, sha256 }: StorableFile, path: string): void {
  const content = readFileSync(path)
  expect({ bytes, sha256 }).toEqual({
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  })
}

it('has size and checksum of every file', () => {
  expectCorrectFacts(runtimeFile('wasm', root), resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))
  expectCorrectFacts(runtimeFile('webgpu', root), resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm'))
  for (const network of networks) expectCorrectFacts(network, network.url)
})

it('has a different key for each file', () => {
  const files = [runtimeFile('wasm', root), runtimeFile('webgpu', root), ...networks]
  expect(new Set(files.map(({ key }) => key)).size).toBe(files.length)
})

it('has the same weights for both providers, under one key, so that a switch downloads a graph only', () => {
  const [[wasm, ...shared], [webgpu, ...others]] = [modelFiles('wasm', root), modelFiles('webgpu', root)]
  expect(others).toEqual(shared)
  expect(webgpu.key).not.toBe(wasm.key)
  expect(webgpu.bytes + wasm.bytes).toBeLessThan(100_000)
})
