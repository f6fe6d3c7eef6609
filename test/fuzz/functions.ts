import fc from 'fast-check'
import { RandomGenerator } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  conditionText,
  fromImageData,
  normaliseTextEmbeddings,
  splitWords,
  toImageData,
  toImages,
  WordTokenizer,
} from 'vq-diffusion-webgpu/onnx'
import * as shaders from 'vq-diffusion-webgpu/shaders'
import { vocabulary } from '../support/tiny_model'
import { configurations } from './configurations'
import type { ArrayDescription } from './descriptions'

/** The public functions and constructors that need no scheduler, and valid calls of them. */

const tokenizerFile = { type: 'word', max_length: 6, pad_id: 0, styles: ['flat', 'round'], vocab: vocabulary }
const tokenizer = new WordTokenizer(tokenizerFile)

/** By the names of the calls. */
export const functions: Readonly<Record<string, (...parameters: never[]) => unknown>> = {
  'new RandomGenerator': (seed) => new RandomGenerator(seed),
  'RandomGenerator.fromState': (state) => RandomGenerator.fromState(state),
  streams: (batchSize) => new RandomGenerator([1, 2]).streams(batchSize),
  'VQDiffusionScheduler.create': (options) => VQDiffusionScheduler.create(options),
  'VQDiffusionScheduler.fromConfig': (json, overrides) => VQDiffusionScheduler.fromConfig(json, overrides),
  'new CpuTensor': (data, shape) => new CpuTensor(data, shape),
  splitWords,
  'new WordTokenizer': (file) => new WordTokenizer(file).words,
  encode: (...parameters: [string]) => tokenizer.encode(...parameters),
  toImages,
  toImageData,
  fromImageData,
  normaliseTextEmbeddings,
  conditionText,
  specialise: (name, features) => shaders.specialise(shaderOf(name) ?? name, features),
}

/** A kernel by its name. */
function shaderOf(name: unknown): never | undefined {
  return typeof name === 'string' ? (shaders as unknown as Record<string, never>)[name] : undefined
}

const size = fc.integer({ min: 1, max: 3 })
const seed = fc.nat(1000)
const bigSeed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const text = fc.oneof(
  fc
    .array(fc.constantFrom(...vocabulary, 'ﬁre', 'Ｈｅａｒｔ', '🇩🇪', 'o’clock', '❤️', '\u00ad'), { maxLength: 8 })
    .map((words) => words.join(' ')),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)

const floats = (shape: readonly number[], seed: number): { data: ArrayDescription; shape: readonly number[] } => ({
  data: { $: 'array', type: 'Float32Array', length: shape.reduce((a, b) => a * b, 1), seed },
  shape,
})
const format = fc.record(
  { range: fc.constantFrom([0, 1], [-1, 1], [1, 0]), alpha: fc.constantFrom('straight', 'premultiplied') },
  { requiredKeys: [] },
)
const embeddings = fc
  .tuple(size, size, size, seed)
  .map(([prompts, tokens, features, seed]) => floats([prompts, tokens, features], seed))

/** Valid parameters by the names of the calls. */
export const functionParameters: Readonly<Record<string, fc.Arbitrary<readonly unknown[]>>> = {
  'new RandomGenerator': fc
    .oneof(seed, bigSeed, fc.array(bigSeed, { minLength: 1, maxLength: 3 }))
    .map((seed) => [seed]),
  'RandomGenerator.fromState': fc
    .record({ seeds: fc.array(bigSeed.map(String), { minLength: 1, maxLength: 3 }), counter: fc.nat(2 ** 31) })
    .map((state) => [state]),
  streams: fc.constant([2]),
  'VQDiffusionScheduler.create': configurations([1, 7]).map((config) => [config]),
  'VQDiffusionScheduler.fromConfig': configurations([1, 7]).map((config) => [config, {}]),
  'new CpuTensor': fc
    .tuple(size, size, seed, fc.constantFrom('Float32Array' as const, 'Uint32Array' as const))
    .map(([B, N, seed, type]) => [{ $: 'array', type, length: B * N, seed }, [B, N]]),
  splitWords: text.map((prompt) => [prompt]),
  'new WordTokenizer': fc.constant([tokenizerFile]),
  encode: fc.oneof(
    text.map((prompt) => [prompt]),
    fc.tuple(text, fc.constantFrom('flat', 'round')).map(([prompt, style]) => [prompt, { style }]),
  ),
  toImages: fc.tuple(size, size, size, size, seed).map(([B, C, H, W, seed]) => [floats([B, C, H, W], seed)]),
  toImageData: fc
    .tuple(size, fc.integer({ min: 1, max: 4 }), size, size, seed, format)
    .map(([B, C, H, W, seed, format]) => [floats([B, C, H, W], seed), format]),
  fromImageData: fc
    .tuple(size, size, size, seed, fc.constantFrom(3, 4), format)
    .map(([count, width, height, seed, channels, format]) => {
      const data: ArrayDescription = { $: 'array', type: 'Uint8ClampedArray', length: 4 * width * height, seed }
      return [Array.from({ length: count }, () => ({ data, width, height })), channels, format]
    }),
  normaliseTextEmbeddings: embeddings.map((hidden) => [hidden]),
  conditionText: fc
    .tuple(embeddings, size, fc.boolean(), seed)
    .map(([hidden, imagesPerPrompt, guided, seed]) => [
      hidden,
      { imagesPerPrompt, ...(guided && { unconditional: floats(hidden.shape.slice(1), seed) }) },
    ]),
  specialise: fc
    .tuple(
      fc.constantFrom('step', 'guide', 'known', 'posterior', 'purityReveal'),
      fc.record({ GUIDED: fc.boolean(), F16: fc.boolean() }, { requiredKeys: [] }),
    )
    .map((parameters) => parameters),
}
