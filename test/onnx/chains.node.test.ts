import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import * as ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  conditionText,
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxEncoder,
  createOnnxSession,
  type FileSource,
  toImages,
} from 'vq-diffusion-webgpu/onnx'

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../models/tiny/${name}.onnx`, import.meta.url)))
const open = (name: string) => createOnnxSession(ort, read(name), { provider: 'wasm' })
const session = await open('denoiser')
const denoiser = createOnnxDenoiser({ session })
const decoder = createOnnxDecoder({ session: await open('decoder') })
const encoder = createOnnxEncoder({ session: await open('encoder') })
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 25, gamma_cum_end: 0.9 })
const loop = new VQDiffusionPipeline({ scheduler, denoiser })

const N = 16
const text = (offset: number) => Int32Array.from({ length: N }, (_, i) => (i * 5 + offset) % 32)
const conditioned = (offset: number) => ({ conditional: { text: text(offset) }, unconditional: { text: text(9) } })
const chain = { numLatentPixels: N, numInferenceSteps: 6, seed: 11, guidanceScale: 2.5 }
const codes = new CpuTensor(
  Uint32Array.from({ length: N }, (_, i) => (i * 7) % 24),
  [1, N],
)
const input = { sample: codes, timestep: 50, guided: true, signal: undefined }
const draw = async (offset: number, batchSize = 1) =>
  (await loop.generate({ ...chain, batchSize, conditioning: conditioned(offset) })).data

describe('the conditioning', () => {
  it('is taken anew for every chain, also from the same object', async () => {
    const conditioning = conditioned(0)
    const first = await loop.generate({ ...chain, conditioning })
    conditioning.conditional.text.set(text(3))
    const second = await loop.generate({ ...chain, conditioning })
    expect(first.data).toEqual(await draw(0))
    expect(second.data).toEqual(await draw(3))
    expect(second.data).not.toEqual(first.data)
  })

  it('is that of the beginning at all steps of a chain', async () => {
    const conditioning = conditioned(0)
    const callback = () => conditioning.conditional.text.set(text(3))
    const { data } = await loop.generate({ ...chain, batchSize: 4, conditioning, callback })
    expect(data).toEqual(await draw(0, 4))
  })

  it('is that of the beginning at all steps, though some are guided and some are not', async () => {
    for (const guidanceInterval of [
      [0, 50],
      [50, 99],
      [30, 70],
    ] as const) {
      const options = { ...chain, batchSize: 4, guidanceInterval }
      const expected = await loop.generate({ ...options, conditioning: conditioned(0) })
      const conditioning = conditioned(0)
      const callback = () => {
        conditioning.conditional.text.set(text(3))
        conditioning.unconditional.text.set(text(4))
      }
      expect((await loop.generate({ ...options, conditioning, callback })).data).toEqual(expected.data)
    }
  })

  it('needs no unconditional inputs where no step is guided, and names them at the first that is', async () => {
    const { conditional } = conditioned(0)
    const options = { ...chain, conditioning: { conditional } }
    const plain = await loop.generate({ ...options, guidanceScale: 1 })
    // The timesteps are 99, 82, 66, 49, 32 and 16.
    expect((await loop.generate({ ...options, guidanceInterval: [90, 95] })).data).toEqual(plain.data)
    await expect(loop.generate({ ...options, guidanceInterval: [0, 50] })).rejects.toThrow(
      'conditioning.unconditional needs the model',
    )
  })

  it('is that of its own chain if chains of one denoiser run at the same time', async () => {
    const expected = [await draw(0), await draw(3, 2), await draw(5)]
    expect(await Promise.all([draw(0), draw(3, 2), draw(5)])).toEqual(expected)
  })

  it('is taken anew for every call outside of chains, as it is at the call', async () => {
    const conditioning = conditioned(0)
    const calls = [denoiser({ ...input, conditioning })]
    conditioning.conditional.text.set(text(3))
    calls.push(denoiser({ ...input, conditioning }))
    conditioning.conditional.text.fill(1)
    const [first, second] = await Promise.all(calls)
    expect(first!.data).toEqual((await denoiser({ ...input, conditioning: conditioned(0) })).data)
    expect(second!.data).toEqual((await denoiser({ ...input, conditioning: conditioned(3) })).data)
    expect(second!.data).not.toEqual(first!.data)
  })
})

it('tokens and images are those of the call, though the run begins later', async () => {
  const [image, logits] = [await decoder(codes), await denoiser({ ...input, conditioning: conditioned(0) })]
  const sample = codes.clone()
  const calls = [decoder(sample), denoiser({ ...input, sample, conditioning: conditioned(0) })] as const
  sample.data.fill(0)
  expect((await calls[0]).data).toEqual(image.data)
  expect((await calls[1]).data).toEqual(logits.data)
  const encoding = encoder(image)
  image.data.fill(0)
  expect((await encoding).data).toEqual(codes.data)
})

describe('what another realm made', () => {
  /** The same array, made by the classes of another realm, such as a frame. */
  const foreign = <Values extends Int32Array | Float32Array | Uint8Array>(values: Values) =>
    runInNewContext(`new ${values.constructor.name}(values)`, { values: Array.from(values) }) as Values

  it('is conditioning, images and embeddings', async () => {
    const conditioning = {
      conditional: { text: foreign(text(0)) },
      unconditional: { text: foreign(text(9)) },
    }
    expect((await loop.generate({ ...chain, conditioning })).data).toEqual(await draw(0))
    const { data, shape } = await decoder(codes)
    expect((await encoder({ data: foreign(data), shape })).data).toEqual(codes.data)
    expect(toImages({ data: foreign(data), shape })).toEqual(toImages({ data, shape }))
    const hidden = { data: Float32Array.of(3, 4, 0, 2), shape: [2, 1, 2] }
    expect(conditionText({ ...hidden, data: foreign(hidden.data) })).toEqual(conditionText(hidden))
  })

  it.each([
    ['a Uint8Array', foreign(read('decoder'))],
    ['an ArrayBuffer', foreign(read('decoder')).buffer],
    ['a DataView', runInNewContext('new DataView(buffer)', { buffer: foreign(read('decoder')).buffer })],
  ])('is a model: %s', async (_, model: FileSource) => {
    const session = await createOnnxSession(ort, model, { provider: 'wasm' })
    const { data } = await createOnnxDecoder({ session })(codes)
    expect(data).toEqual((await decoder(codes)).data)
    await session.destroy()
  })
})
