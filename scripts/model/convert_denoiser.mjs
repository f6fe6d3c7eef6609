/**
 * Writes the denoiser of the emoji model as the package has it, from the file that PyTorch exported:
 * `node scripts/model/convert_denoiser.mjs EXPORTED.onnx [folder]`, then `node scripts/model_manifest.mjs [folder]`.
 *
 *   denoiser/model.onnx        for WebGPU: float32 arithmetic
 *   denoiser/model_int8.onnx   for WebAssembly: int8 weights multiplied as int8
 *   denoiser/weights.bin       the weights of both, so that a page downloads them once whatever runs the network
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { denoiserGraph } from './denoiser_graph.mjs'
import { denoiserWeights } from './denoiser_weights.mjs'
import * as float32 from './float32_operators.mjs'
import * as int8 from './int8_operators.mjs'
import { WeightsFile } from './weights_file.mjs'

const emojiModel = fileURLToPath(new URL('../../packages/vq-diffusion-emoji/emoji-16x16', import.meta.url))

/**
 * @param {ReturnType<typeof denoiserWeights>} weights
 * @returns {Record<string, Uint8Array>} contents by the names of the files
 */
export function denoiserFiles(weights) {
  const weightsFile = new WeightsFile('weights.bin')
  return {
    'model.onnx': denoiserGraph(weights, float32, weightsFile),
    'model_int8.onnx': denoiserGraph(weights, int8, weightsFile),
    'weights.bin': weightsFile.content(),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , exported, folder = emojiModel] = process.argv
  if (!exported)
    throw new Error('Give the exported model: node scripts/model/convert_denoiser.mjs EXPORTED.onnx [folder]')
  for (const [name, content] of Object.entries(denoiserFiles(denoiserWeights(readFileSync(exported)))))
    writeFileSync(join(folder, 'denoiser', name), content)
}
