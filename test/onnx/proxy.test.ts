import * as ort from 'onnxruntime-web/webgpu'
import { describe, expect, it, vi } from 'vitest'
import { OptionError, requestDevice, VQDiffusionPipeline } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxEncoder,
  createOnnxSession,
  OnnxRuntimeError,
  VQDiffusionPipeline as TextToImage,
} from 'vq-diffusion-webgpu/onnx'
import { tinyModelFolder } from '../support/tiny_model'

/** With the proxy, onnxruntime-web computes in a worker, to which it transfers the arrays that it is given. */
ort.env.wasm.proxy = true

const N = 16
const wasm = { provider: 'wasm' } as const
const folder = await tinyModelFolder()
const bytesOf = async (path: string) => new Uint8Array(await folder.get(path)!.arrayBuffer())
const [denoiserModel, decoderModel, encoderModel] = await Promise.all(
  ['denoiser/model.onnx', 'vqvae/decoder.onnx', 'vqvae/encoder.onnx'].map(bytesOf),
)
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 25, gamma_cum_end: 0.9 })
const session = await createOnnxSession(ort, denoiserModel!, wasm)
const decoder = createOnnxDecoder({ session: await createOnnxSession(ort, decoderModel!, wasm) })
const encoder = createOnnxEncoder({ session: await createOnnxSession(ort, encoderModel!, wasm) })
const denoiser = createOnnxDenoiser({ session })
const loop = new VQDiffusionPipeline({ scheduler, denoiser, decoder })
const text = Int32Array.from({ length: N }, (_, i) => (i * 5) % 32)
const conditioning = { conditional: { text }, unconditional: { text: new Int32Array(N) } }
const chain = { numLatentPixels: N, numInferenceSteps: 4, seed: 11, guidanceScale: 2, conditioning }

describe('with the proxy of onnxruntime-web', () => {
  it('a guided chain with previews, decoder and encoder run, and no array of the caller is touched', async () => {
    const given = text.slice()
    const tokens = await loop.generate({ ...chain, previewEvery: 1 })
    const image = await decoder(tokens)
    const pixels = image.data.slice()
    for (let call = 0; call < 2; call++) expect((await encoder(image)).data).toEqual(tokens.data)
    expect(image.data).toEqual(pixels)
    expect(text).toEqual(given)
    expect(denoiserModel).toEqual(await bytesOf('denoiser/model.onnx'))
  })

  it('a model that is a part of a larger buffer leaves the rest', async () => {
    const archive = new Uint8Array(decoderModel!.length + 20).fill(7)
    archive.set(decoderModel!, 10)
    const part = archive.subarray(10, 10 + decoderModel!.length)
    const session = await createOnnxSession(ort, part, wasm)
    expect(archive[0]).toBe(7)
    expect(part).toEqual(decoderModel)
    await session.destroy()
  })

  it('a model in shared memory is loaded, though a page cannot share memory with a worker', async () => {
    const shared = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer)
    shared.set(decoderModel!)
    const session = await createOnnxSession(ort, shared.subarray(0, decoderModel!.length), wasm)
    expect(shared[0]).toBe(decoderModel![0])
    await session.destroy()
  })

  it('bytes that nobody else holds are not copied', async () => {
    const create = vi.spyOn(ort.InferenceSession, 'create')
    const session = await createOnnxSession(ort, new Blob([decoderModel!]), wasm)
    expect((create.mock.calls[0]![0] as unknown as Uint8Array).length).toBe(0)
    create.mockRestore()
    await session.destroy()
  })

  it('a run that fails stops no other, and neither do inputs that are detached', async () => {
    const mask = scheduler.uploadTokens(new Array(N).fill(24), [1, N])
    const detached = new ort.Tensor('int32', new Int32Array(N), [1, N])
    structuredClone(detached.data, { transfer: [(detached.data as Int32Array).buffer] })
    const attempts = await Promise.allSettled([
      decoder(mask),
      loop.generate(chain),
      session.whenFree(() => session.run({ x_t: detached }, { logits: null })),
      loop.generate(chain),
    ])
    expect(attempts.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect((attempts[2] as PromiseRejectedResult).reason).toBeInstanceOf(OnnxRuntimeError)
  })

  it('WebGPU is refused, and not chosen', async () => {
    const device = await requestDevice()
    const creating = createOnnxSession(ort, denoiserModel!, { provider: 'webgpu', device })
    await expect(creating).rejects.toThrow(OptionError)
    await expect(creating).rejects.toThrow('needs ort.env.wasm.proxy to be off')
    const loading = TextToImage.fromPretrained(folder, { ort, device, network: 'webgpu' })
    await expect(loading).rejects.toThrow('needs ort.env.wasm.proxy to be off')
    vi.spyOn(GPUAdapterInfo.prototype, 'isFallbackAdapter', 'get').mockReturnValue(false)
    const pipe = await TextToImage.fromPretrained(folder, { ort, device })
    vi.restoreAllMocks()
    expect(pipe.backend).toMatchObject({ network: 'wasm', explanation: expect.stringContaining('proxy is on') })
    pipe.destroy()
    device.destroy()
  })

  it('a pipeline of a model folder draws variations, and the picture stays', async () => {
    const pipe = await TextToImage.fromPretrained(folder, { ort, engine: 'cpu' })
    const image = new ImageData(8, 8)
    expect((await pipe('red heart', { seed: 1, image })).images).toHaveLength(1)
    expect(image.data).toHaveLength(256)
    pipe.destroy()
  })
})
