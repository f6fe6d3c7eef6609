import * as ort from 'onnxruntime-web/webgpu'
import { describe, expect, it, vi } from 'vitest'
import {
  DestroyedError,
  type GpuTensor,
  OptionError,
  requestDevice,
  VQDiffusionPipeline as SamplingLoop,
  ShapeError,
  TokenRangeError,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import {
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  type PipelineOptions,
  type PipelineStep,
  toImageData,
  VQDiffusionPipeline,
  WordTokenizer,
} from 'vq-diffusion-webgpu/onnx'
import { gpuTest } from '../support/gpu'
import { tinyModelFolder } from '../support/tiny_model'

const N = 16
const MASK = 24
const folder = await tinyModelFolder()
const device = await requestDevice()
const json = async (path: string) => JSON.parse(await folder.get(path)!.text())
const format = { range: [0, 1], alpha: 'premultiplied' } as const

const pipe = await VQDiffusionPipeline.fromPretrained(folder, { ort, device, network: 'wasm' })

/** The same networks and the same scheduler, put together by hand. */
const scheduler = await VQDiffusionScheduler.fromConfig(device, await json('scheduler/scheduler_config.json'))
const load = (path: string) => createOnnxSession(ort, folder.get(path)!, { provider: 'wasm' })
const denoiser = createOnnxDenoiser({ session: await load('denoiser/model.onnx') })
const decoder = createOnnxDecoder({ session: await load('vqvae/decoder.onnx') })
const tokenizer = new WordTokenizer(await json('tokenizer/tokenizer.json'))
const loop = new SamplingLoop({ scheduler, denoiser, decoder })

const common = { numInferenceSteps: 6, guidanceScale: 2, truncationRate: 0.9, numLatentPixels: N }
const conditioningOf = (prompt: string, style?: string) => ({
  conditional: { text: tokenizer.encode(prompt, { style }).ids },
  unconditional: { text: tokenizer.encode('').ids },
})
type Chain = Parameters<typeof loop.generate>[0]

/** Tokens of one image, drawn with the loop. */
async function drawn(chain: Partial<Chain>, prompt = 'red heart', style?: string): Promise<number[]> {
  const tokens = await loop.generate({ ...common, conditioning: conditioningOf(prompt, style), ...chain } as Chain)
  return Array.from(await tokens.read())
}
const listOf = (tokens: Uint32Array[]) => tokens.map((each) => Array.from(each))

describe('a call', () => {
  gpuTest(device, 'draws what the loop draws with the defaults of the model, and decodes it', async () => {
    const { images, tokens, seed, ignored } = await pipe('red heart', { seed: 7 })
    const expected = await drawn({ seed: 7 })
    expect(listOf(tokens)).toEqual([expected])
    expect(seed).toBe(7)
    expect(ignored).toEqual([[]])
    const decoded = await decoder(scheduler.uploadTokens(expected, [1, N]))
    expect(images).toHaveLength(1)
    expect(images[0]).toBeInstanceOf(ImageData)
    expect(images[0]!.data).toEqual(toImageData(decoded, format)[0]!.data)
  })

  gpuTest(device, 'gives image i of a batch the seed s + i, prompt by prompt', async () => {
    const { tokens, images } = await pipe(['red heart', 'green star'], { seed: 7, numImagesPerPrompt: 2 })
    const expected = [
      await drawn({ seed: 7 }),
      await drawn({ seed: 8 }),
      await drawn({ seed: 9 }, 'green star'),
      await drawn({ seed: 10 }, 'green star'),
    ]
    expect(listOf(tokens)).toEqual(expected)
    expect(images).toHaveLength(4)
  })

  gpuTest(device, 'takes a seed for each image, and chooses one that repeats the call', async () => {
    const { tokens } = await pipe('red heart', { seed: [9, 7n], numImagesPerPrompt: 2 })
    expect(listOf(tokens)).toEqual([await drawn({ seed: 9 }), await drawn({ seed: 7 })])
    const first = await pipe('star')
    expect(listOf((await pipe('star', { seed: first.seed })).tokens)).toEqual(listOf(first.tokens))
    expect((await pipe('star')).seed).not.toBe(first.seed)
  })

  gpuTest(
    device,
    'passes on style, negative prompt and the options of the chain, and names ignored words',
    async () => {
      const styled = await pipe('a red heart', { seed: 1, style: 'round' })
      expect(listOf(styled.tokens)).toEqual([await drawn({ seed: 1 }, 'red heart', 'round')])
      expect(styled.ignored).toEqual([['a']])
      const unconditional = { text: tokenizer.encode('green').ids }
      const conditioning = { ...conditioningOf('red heart'), unconditional }
      const negative = await pipe('red heart', { seed: 1, negativePrompt: 'green' })
      expect(listOf(negative.tokens)).toEqual([await drawn({ seed: 1, conditioning })])
      const options = { numInferenceSteps: 4, spacing: 'leading', guidanceScale: 1.5, truncationRate: 1 } as const
      const other = await pipe('red heart', { seed: 1, ...options })
      expect(listOf(other.tokens)).toEqual([await drawn({ seed: 1, ...options })])
      const interval = { seed: 1, guidanceInterval: [30, 70] } as const
      expect(listOf((await pipe('red heart', interval)).tokens)).toEqual([await drawn(interval)])
      const fast = { seed: 1, method: 'fast' } as const
      expect(listOf((await pipe('red heart', fast)).tokens)).toEqual([await drawn(fast)])
      const purity = { method: 'purity', priorWeight: 1, tokensPerCall: 2, timesteps: [80, 40, 10] } as const
      const { numInferenceSteps: _, truncationRate: __, ...rest } = common
      const chain = { ...rest, ...purity, seed: 1, conditioning: conditioningOf('red heart') }
      const expected = await (await loop.generate(chain)).read()
      expect(listOf((await pipe('red heart', { seed: 1, ...purity })).tokens)).toEqual([Array.from(expected)])
    },
  )

  gpuTest(device, 'returns ImageBitmap on request', async () => {
    const [image] = (await pipe('star', { seed: 1, output: 'ImageBitmap' })).images
    expect(image).toBeInstanceOf(ImageBitmap)
    expect([image!.width, image!.height]).toEqual([8, 8])
  })

  gpuTest(device, 'leaves nothing behind on the device', async () => {
    const image = Uint32Array.from({ length: N }, (_, i) => i)
    // The first calls make the buffers that all later ones share.
    const call = async () => {
      await pipe('star', { seed: 1, known: { image, mask: image } })
      await pipe('star', { seed: 1, image, strength: 0.5 })
    }
    await call()
    const buffers = new Set<GPUBuffer>()
    const create = vi.spyOn(device, 'createBuffer').mockImplementation(function (this: GPUDevice, descriptor) {
      const buffer = GPUDevice.prototype.createBuffer.call(this, descriptor)
      buffers.add(buffer)
      return buffer
    })
    const destroy = vi.spyOn(GPUBuffer.prototype, 'destroy').mockImplementation(function (this: GPUBuffer) {
      buffers.delete(this)
    })
    await call()
    create.mockRestore()
    destroy.mockRestore()
    // The network keeps the buffer of its logits for its next run.
    expect([...buffers].map(({ label }) => label).filter((label) => !label.startsWith('vqd/onnx/'))).toEqual([])
  })
})

describe('stream', () => {
  gpuTest(device, 'tells the total, and its last step has the result', async () => {
    const steps: PipelineStep[] = []
    for await (const step of pipe.stream('red heart', { seed: 7, previewEvery: 2 })) steps.push(step)
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6])
    expect(steps.every(({ total }) => total === 6)).toBe(true)
    expect(steps.map(({ timestep }) => timestep)).toEqual([99, 82, 66, 49, 32, 16])
    expect(steps.map(({ images }) => images !== undefined)).toEqual([true, false, true, false, true, true])
    for (const { images } of steps) if (images) expect(images[0]).toBeInstanceOf(ImageData)
    const { tokens, seed, ignored, images } = steps.at(-1)!
    expect(listOf(tokens!)).toEqual([await drawn({ seed: 7 })])
    expect([seed, ignored]).toEqual([7, [[]]])
    expect(images![0]!.data).toEqual((await pipe('red heart', { seed: 7 })).images[0]!.data)
    expect(steps.slice(0, -1).every((step) => step.tokens === undefined)).toBe(true)
  })

  gpuTest(device, 'calls onStep like a call does', async () => {
    const steps: PipelineStep[] = []
    const { images } = await pipe('star', { seed: 7, numInferenceSteps: 3, onStep: (step) => steps.push(step) })
    expect(steps.map(({ step, total }) => [step, total])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
    expect(steps.at(-1)!.images).toBe(images)
  })

  gpuTest(device, 'stops for a signal, and the next call works', async () => {
    const controller = new AbortController()
    const stopped = pipe('star', { seed: 7, signal: controller.signal, onStep: () => controller.abort('enough') })
    await expect(stopped).rejects.toBe('enough')
    await expect(pipe('star', { seed: 7, signal: AbortSignal.abort('before') })).rejects.toBe('before')
    expect(listOf((await pipe('star', { seed: 7 })).tokens)).toEqual([await drawn({ seed: 7 }, 'star')])
  })
})

describe('an image to start from', () => {
  const tokens = Uint32Array.from({ length: N }, (_, i) => (i * 5 + 2) % MASK)

  gpuTest(device, 'is given as tokens, or as a picture that the encoder reads', async () => {
    using image = scheduler.uploadTokens(tokens, [1, N])
    const expected = [await drawn({ seed: 3, image: { tokens: image, strength: 0.5 } })]
    expect(listOf((await pipe('red heart', { seed: 3, image: tokens, strength: 0.5 })).tokens)).toEqual(expected)
    const [picture] = toImageData(await decoder(image), { range: [0, 1], alpha: 'straight' })
    // The tiny decoder's colours are not premultiplied really; opaque pixels are the same either way.
    const opaque = picture!.data.map((byte, i) => (i % 4 === 3 ? 255 : byte))
    const given = new ImageData(opaque, 8, 8)
    const read = (await pipe('red heart', { image: given, strength: 0, seed: 3 })).tokens[0]!
    const drawnFromRead = await pipe('red heart', { seed: 3, image: read, strength: 0.5 })
    const fromPicture = await pipe('red heart', { seed: 3, image: given, strength: 0.5 })
    expect(listOf(fromPicture.tokens)).toEqual(listOf(drawnFromRead.tokens))
    const bitmap = await createImageBitmap(given)
    expect(listOf((await pipe('', { image: bitmap, strength: 0, seed: 3 })).tokens)).toEqual([Array.from(read)])
  })

  gpuTest(device, 'is still there if it is a thousand times as high as wide', async () => {
    const read = async (line: string) => {
      const canvas = new OffscreenCanvas(1, 4000)
      const context = canvas.getContext('2d')!
      context.fillStyle = line
      context.fillRect(0, 0, 1, 4000)
      return listOf((await pipe('', { image: canvas, strength: 0 })).tokens)
    }
    expect(await read('white')).not.toEqual(await read('transparent'))
  })

  gpuTest(device, 'comes back at strength 0, and is one for all or one for each', async () => {
    const other = tokens.toReversed()
    const { tokens: same } = await pipe('', { image: [tokens, other], strength: 0, numImagesPerPrompt: 2 })
    expect(listOf(same)).toEqual([Array.from(tokens), Array.from(other)])
    const both = await pipe('red heart', { seed: 3, image: tokens, strength: 0.5, numImagesPerPrompt: 2 })
    using image = scheduler.uploadTokens(tokens, [1, N])
    expect(listOf(both.tokens)[1]).toEqual(await drawn({ seed: 4, image: { tokens: image, strength: 0.5 } }))
  })

  gpuTest(device, 'is kept where the mask says so', async () => {
    const mask = Uint32Array.from({ length: N }, (_, i) => (i < 8 ? 1 : 0))
    using known = scheduler.uploadTokens(tokens, [1, N])
    using keep = scheduler.uploadTokens(mask, [1, N])
    const expected = await drawn({ seed: 3, known: { tokens: known, mask: keep } })
    expect(expected.slice(0, 8)).toEqual(Array.from(tokens.slice(0, 8)))
    const masks = {
      'latent pixels': mask,
      'image pixels': Array.from({ length: 64 }, (_, pixel) => (pixel < 32 ? 1 : 0)),
      'a picture': new ImageData(
        Uint8ClampedArray.from({ length: 256 }, (_, i) => (i < 128 ? 255 : 0)),
        8,
        8,
      ),
    }
    for (const [kind, mask] of Object.entries(masks)) {
      const { tokens: kept } = await pipe('red heart', { seed: 3, known: { image: tokens, mask } })
      expect(listOf(kept), kind).toEqual([expected])
    }
  })
})

describe('a pipeline of your own parts', () => {
  gpuTest(device, 'draws the same, and destroys none of them', async () => {
    const own = new VQDiffusionPipeline({
      scheduler,
      denoiser,
      decoder,
      tokenizer,
      latentShape: [4, 4],
      imageFormat: format,
      defaults: { ...pipe.defaults, guidanceInterval: [30, 70] },
    })
    const { tokens } = await own('red heart', { seed: 7 })
    expect(listOf(tokens)).toEqual([await drawn({ seed: 7, guidanceInterval: [30, 70] })])
    const { tokens: guided } = await own('red heart', { seed: 7, guidanceInterval: [0, 99] })
    expect(listOf(guided)).toEqual([await drawn({ seed: 7 })])
    expect(guided).not.toEqual(tokens)
    expect([own.backend, own.device]).toEqual([undefined, undefined])
    own.destroy()
    await expect(own('star')).rejects.toThrow(DestroyedError)
    expect(await drawn({ seed: 7 })).toHaveLength(N)
    await expect(own('star', { image: new ImageData(8, 8) })).rejects.toThrow(DestroyedError)
  })

  gpuTest(device, 'may have a network that takes no text, with logits in either layout', async () => {
    const plain = async ({ sample }: { sample: GpuTensor }) => {
      const logits = new Float32Array(sample.shape[0]! * N * MASK).map((_, i) => Math.sin(i))
      const { GpuTensor } = await import('vq-diffusion-webgpu')
      return GpuTensor.from(device, logits, [sample.shape[0]!, MASK, N])
    }
    const own = new VQDiffusionPipeline({ scheduler, denoiser: plain, decoder, latentShape: [4, 4] })
    const { tokens } = await own('', { seed: 7, guidanceScale: 1, numInferenceSteps: 3 })
    expect(tokens[0]!.every((token) => token < MASK)).toBe(true)
    await expect(own('heart')).rejects.toThrow('This pipeline has no tokenizer')
    await expect(own('', { image: new ImageData(8, 8) })).rejects.toThrow('no encoder')
  })

  it('needs them all', () => {
    const parts = { scheduler, denoiser, decoder } as unknown as ConstructorParameters<typeof VQDiffusionPipeline>[0]
    expect(() => new VQDiffusionPipeline(parts)).toThrow('needs the part latentShape')
  })
})

describe('a call rejects before any work', () => {
  const tokens = new Uint32Array(N)
  const rows: [string, unknown, object, abstract new (...values: never[]) => Error, string][] = [
    ['a prompt that is no string', 7, {}, OptionError, 'prompt needs to be a string or a list of strings; given 7'],
    ['no prompt', undefined, {}, OptionError, 'given undefined'],
    ['an empty list of prompts', [], {}, OptionError, 'given an empty list'],
    ['another number of negative prompts', ['a', 'b', 'c'], { negativePrompt: ['x', 'y'] }, OptionError, 'given 2'],
    ['an unknown style', 'star', { style: 'cubist' }, OptionError, 'one of {flat, round}; given "cubist"'],
    ['no images', 'star', { numImagesPerPrompt: 0 }, OptionError, 'numImagesPerPrompt needs'],
    ['another number of seeds', 'star', { seed: [1, 2] }, OptionError, 'given 2'],
    ['a seed that is no integer', 'star', { seed: 1.5 }, OptionError, '1.5'],
    ['an unknown class of images', 'star', { output: 'PNG' }, OptionError, '"PNG"'],
    ['strength without an image', 'star', { strength: 0.5 }, OptionError, 'strength needs an image'],
    ['a strength out of range', 'star', { image: tokens, strength: 2 }, OptionError, 'strength'],
    ['too many steps', 'star', { numInferenceSteps: 101 }, OptionError, '101'],
    ['tokens of another size', 'star', { image: tokens.slice(1) }, ShapeError, 'image needs 16 tokens'],
    ['tokens out of range', 'star', { image: tokens.map(() => 25) }, TokenRangeError, '25'],
    ['another number of images', 'star', { image: [tokens, tokens] }, OptionError, 'image needs one image'],
    ['a mask of another size', 'star', { known: { image: tokens, mask: [1, 0] } }, ShapeError, '16 values'],
    [
      'purity with known tokens',
      'star',
      { method: 'purity', known: { image: tokens, mask: tokens } },
      OptionError,
      'known',
    ],
    ['a limit of tokens without purity', 'star', { tokensPerCall: 2 }, OptionError, 'does not support tokensPerCall'],
    ['no token with a call', 'star', { method: 'purity', tokensPerCall: 0 }, OptionError, 'tokensPerCall needs'],
  ]
  it.each(rows)('%s', async (_, prompt, options, error, message) => {
    const submit = vi.spyOn(device.queue, 'submit')
    const promise = pipe(prompt as string, options as PipelineOptions)
    await expect(promise).rejects.toThrow(error)
    await expect(promise).rejects.toThrow(message)
    expect(submit).not.toHaveBeenCalled()
    submit.mockRestore()
  })
})
