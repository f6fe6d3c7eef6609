import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { LargeFile } from '../store/large_file'
import { encoderFile, modelFiles, runtimeFile } from './assets'

const { resolve } = createRequire(import.meta.url)
const root = fileURLToPath(new URL('../public/models/emoji-16x16/', import.meta.url))
const networks = [...modelFiles(root), encoderFile(root)]

function expectFacts({ bytes, sha256 }: LargeFile, path: string): void {
  const content = readFileSync(path)
  expect({ bytes, sha256 }).toEqual({
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  })
}

it('knows size and checksum of what it downloads', () => {
  expectFacts(runtimeFile('wasm', root), resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))
  expectFacts(runtimeFile('webgpu', root), resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm'))
  for (const network of networks) expectFacts(network, network.url)
})

it('stores each file in a place of its own', () => {
  const files = [runtimeFile('wasm', root), runtimeFile('webgpu', root), ...networks]
  expect(new Set(files.map(({ place }) => place)).size).toBe(files.length)
})
