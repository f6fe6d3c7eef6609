import * as ort from 'onnxruntime-web'
import { describe, expect, it, vi } from 'vitest'
import { OptionError, VQDiffusionPipeline as SamplingLoop, ShapeError } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  normaliseTextEmbeddings,
  type PipelineParts,
  VQDiffusionPipeline,
  WordTokenizer,
} from 'vq-diffusion-webgpu/onnx'
import { classModelFolder } from '../support/class_model'

describe('a class-conditional model on a grid that is not square', async () => {
  const pipe = await VQDiffusionPipeline.fromPretrained(classModelFolder(), { ort })
  const draw = async (options: object) => (await pipe('', { seed: 3, ...options })).tokens.map((tokens) => [...tokens])

  it('draws its classes, in pictures without alpha', async () => {
    const { images, tokens, ignored } = await pipe('', { classLabel: 4, seed: 3 })
    expect(tokens[0]).toHaveLength(15)
    expect([images[0]!.width, images[0]!.height]).toEqual([10, 6])
    expect(images[0]!.data.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true)
    expect(new Set(images[0]!.data).size).toBeGreaterThan(10)
    expect(ignored).toEqual([[]])
  })

  it('takes a list of classes like prompts', async () => {
    const [first, second] = [await draw({ classLabel: 4, seed: 3 }), await draw({ classLabel: 9, seed: 5 })]
    const both = await draw({ classLabel: [4, 9], numImagesPerPrompt: 2, seed: [3, 4, 5, 6] })
    expect(both).toHaveLength(4)
    expect([both[0], both[2]]).toEqual([...first, ...second])
    expect(await draw({ classLabel: 9 })).not.toEqual(first)
  })

  it('is guided away from the class of none', async () => {
    const unguided = await draw({ classLabel: 4, guidanceScale: 1 })
    expect(await draw({ classLabel: 4 })).not.toEqual(unguided)
    expect(await draw({ classLabel: 4, guidanceScale: 3 })).toEqual(await draw({ classLabel: 4 }))
  })

  it('is not guided without a class of none', async () => {
    const folder = classModelFolder({ unconditional_class: undefined })
    using unguidable = await VQDiffusionPipeline.fromPretrained(folder, { ort })
    const { tokens } = await unguidable('', { classLabel: 4, seed: 3 })
    expect(tokens.map((one) => [...one])).toEqual(await draw({ classLabel: 4, guidanceScale: 1 }))
    const guided = unguidable('', { classLabel: 4, guidanceScale: 3 })
    await expect(guided).rejects.toThrow(
      'guidanceScale needs to be 1, since this model has no unconditional class; given 3',
    )
  })

  it('keeps a part of a picture that is not square', async () => {
    const image = Uint32Array.from({ length: 15 }, (_, i) => i)
    const mask = Array.from({ length: 60 }, (_, pixel) => (pixel % 10 < 4 ? 1 : 0))
    const [tokens] = await draw({ classLabel: 4, known: { image, mask } })
    expect(tokens!.map((token, i) => (i % 5 < 2 ? token : 0))).toEqual(
      [...image].map((code, i) => (i % 5 < 2 ? code : 0)),
    )
  })

  it('gives its parts and its conditioning to a loop of your own', async () => {
    const { parts } = pipe
    const loop = new SamplingLoop({ scheduler: parts.scheduler, denoiser: parts.denoiser, decoder: parts.decoder! })
    const conditioning = await pipe.conditioning('', { classLabel: [4, 4] })
    expect(conditioning).toEqual({
      conditional: { class: Int32Array.of(4, 4) },
      unconditional: { class: Int32Array.of(10, 10) },
    })
    const { numInferenceSteps, guidanceScale } = parts.defaults as { numInferenceSteps: number; guidanceScale: number }
    const given = { conditioning, numInferenceSteps, guidanceScale, seed: [3, 4], numLatentPixels: 15, batchSize: 2 }
    const sample = await loop.generate(given)
    const tokens = [...(await sample.read())]
    expect([tokens.slice(0, 15), tokens.slice(15)]).toEqual(await draw({ classLabel: 4, numImagesPerPrompt: 2 }))
    await expect(pipe.conditioning('', { classLabel: 10 })).rejects.toThrow(OptionError)
    await expect(pipe.conditioning('', { seed: 3 } as object)).rejects.toThrow(OptionError)
  })

  it.each<[string, string | string[], object, string]>([
    ['no class', '', {}, 'classLabel needs to be an integer from 0 to 9 (the last class); given undefined'],
    ['the class of none', '', { classLabel: 10 }, 'from 0 to 9 (the last class); given 10'],
    ['a class that is a string', '', { classLabel: '4' }, 'given "4" (string)'],
    ['a list with a wrong class', '', { classLabel: [1, -1] }, 'given -1'],
    ['a list with a hole', '', { classLabel: Array(2) }, 'given undefined'],
    ['an empty list', '', { classLabel: [] }, 'one for each image that is to be drawn; given []'],
    ['a prompt', 'cat', { classLabel: 4 }, 'needs a classLabel and an empty prompt'],
    ['a negative prompt', '', { classLabel: 4, negativePrompt: 'cat' }, 'needs a classLabel and an empty prompt'],
    ['a style', '', { classLabel: 4, style: 'flat' }, 'without a style'],
    ['other numbers of prompts and classes', ['', ''], { classLabel: 4 }, 'classLabel needs a class, or a list'],
  ])('refuses %s', async (_, prompt, options, message) => {
    await expect(pipe(prompt, options)).rejects.toThrow(OptionError)
    await expect(pipe(prompt, options)).rejects.toThrow(message)
  })
})

const [length, features] = [4, 3]

/** A pipeline whose denoiser tells with what it was called; states of a prompt are its tokens in every feature, squared. */
async function textPipeline(changes: Partial<PipelineParts> = {}) {
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 4 })
  const tokenizer = new WordTokenizer({
    type: 'word',
    max_length: length,
    pad_id: 0,
    vocab: ['-', 'red', 'cat', 'dog'],
  })
  const statesOf = (ids: Int32Array) =>
    Float32Array.from({ length: length * features }, (_, i) => 1 + ids[Math.floor(i / features)]! * (i % features))
  const textEncoder = vi.fn(async (ids: Int32Array) => ({ data: statesOf(ids), shape: [1, length, features] }))
  const denoiser = vi.fn(async ({ sample, guided }) => {
    const B = sample.shape[0] * (guided ? 2 : 1)
    return new CpuTensor(new Float32Array(B * 24), [B, 6, 4])
  })
  const decoder = async () => ({ data: new Float32Array(12), shape: [1, 3, 2, 2] })
  const parts = {
    scheduler,
    tokenizer,
    textEncoder,
    denoiser,
    decoder,
    latentShape: [2, 3],
    ...changes,
  } as PipelineParts
  const states = (prompt: string) => [
    ...normaliseTextEmbeddings({ data: statesOf(tokenizer.encode(prompt).ids), shape: [1, length, features] }).data,
  ]
  /** What the last chain was conditioned on. */
  const given = () => {
    const { conditional, unconditional } = denoiser.mock.lastCall![0].conditioning
    return [conditional, unconditional].map((inputs) => inputs && [...inputs.encoder_hidden_states])
  }
  return { pipe: new VQDiffusionPipeline(parts), textEncoder, states, given }
}

const learned = { data: Float32Array.from({ length: length * features }, (_, i) => i + 10), shape: [length, features] }
const options = { numInferenceSteps: 2, seed: 1, guidanceScale: 2 }

describe('a model with a text encoder', () => {
  it('takes the normalised states of every prompt, and of the empty one for guidance', async () => {
    const { pipe, states, given } = await textPipeline()
    await pipe(['red cat', 'dog'], { ...options, numImagesPerPrompt: 2 })
    const [conditional, unconditional] = given()
    expect(conditional).toEqual(['red cat', 'red cat', 'dog', 'dog'].flatMap(states))
    expect(unconditional).toEqual(['', '', '', ''].flatMap(states))
    await pipe('dog', { ...options, negativePrompt: 'cat' })
    expect(given()).toEqual([states('dog'), states('cat')])
  })

  it('takes the learned states of no text as they are, and those of negative prompts beside them', async () => {
    const { pipe, states, given, textEncoder } = await textPipeline({ unconditionalText: learned })
    await pipe('cat', options)
    expect(given()).toEqual([states('cat'), [...learned.data]])
    expect(textEncoder).toHaveBeenCalledTimes(1)
    await pipe(['cat', 'dog'], { ...options, negativePrompt: ['red', ' '] })
    expect(given()).toEqual([
      [...states('cat'), ...states('dog')],
      [...states('red'), ...learned.data],
    ])
    await pipe('', options)
    expect(given()).toEqual([states(''), [...learned.data]])
  })

  it('encodes a prompt once, whatever is drawn of it', async () => {
    const { pipe, textEncoder } = await textPipeline()
    await Promise.all([pipe(['cat', 'cat'], { ...options, numImagesPerPrompt: 3 }), pipe('cat', options)])
    await pipe('cat', { ...options, negativePrompt: 'dog' })
    expect(textEncoder.mock.calls.map(([ids]) => ids[1])).toEqual([2, 0, 3])
    for (let i = 0; i < 2; i++) for (const word of ['red', 'cat', 'dog']) await pipe(`${word} ${word}`, options)
    expect(textEncoder).toHaveBeenCalledTimes(6)
  })

  it('encodes no empty prompt where there is no guidance', async () => {
    const { pipe, textEncoder, states, given } = await textPipeline()
    await pipe('cat', { ...options, guidanceScale: 1 })
    expect(textEncoder).toHaveBeenCalledTimes(1)
    expect(given()).toEqual([states('cat'), undefined])
  })

  it('tries again after the encoder failed', async () => {
    const { pipe, textEncoder } = await textPipeline()
    textEncoder.mockRejectedValueOnce(new Error('lost'))
    await expect(pipe('cat', options)).rejects.toThrow('lost')
    await pipe('cat', options)
    expect(textEncoder).toHaveBeenCalledTimes(3)
  })

  it('keeps the states of the latest prompts', async () => {
    const { pipe, textEncoder } = await textPipeline()
    const prompts = ['red', 'cat', 'dog'].flatMap((a) =>
      ['red', 'cat', 'dog'].flatMap((b) => ['', 'red', 'cat', 'dog'].map((c) => `${a} ${b} ${c}`)),
    )
    await pipe(prompts, { ...options, guidanceScale: 1 })
    expect(textEncoder).toHaveBeenCalledTimes(36)
    await pipe(prompts.at(-1)!, { ...options, guidanceScale: 1 })
    expect(textEncoder).toHaveBeenCalledTimes(36)
    await pipe(prompts[0]!, { ...options, guidanceScale: 1 })
    expect(textEncoder).toHaveBeenCalledTimes(37)
  })

  it('refuses learned states of another size, and classes', async () => {
    const small = { data: new Float32Array(8), shape: [4, 2] }
    const { pipe } = await textPipeline({ unconditionalText: small })
    await expect(pipe('cat', options)).rejects.toThrow(ShapeError)
    await expect(pipe('cat', options)).rejects.toThrow(
      'without a condition need 12 values, as those of a prompt; given 8',
    )
    await expect(pipe('cat', { ...options, classLabel: 1 })).rejects.toThrow(
      'has no classes: it needs no classLabel; given 1',
    )
    await expect(textPipeline({ classes: { count: 3 } })).rejects.toThrow('a tokenizer or classes; given both')
    await expect(textPipeline({ tokenizer: undefined as never })).rejects.toThrow('A textEncoder needs a tokenizer')
    await expect(textPipeline({ textEncoder: 5 as never })).rejects.toThrow('such as createOnnxTextEncoder() returns')
    const half = { ...learned, shape: [2, 3] }
    await expect(textPipeline({ unconditionalText: half })).rejects.toThrow('of shape [2, 3] needs 6 values; given 12')
    await expect(textPipeline({ textEncoder: undefined as never, unconditionalText: learned })).rejects.toThrow(
      'needs a textEncoder',
    )
  })
})
