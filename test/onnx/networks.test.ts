import * as defaultOrt from 'onnxruntime-web'
import * as ort from 'onnxruntime-web/webgpu'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type DenoiserInput,
  DestroyedError,
  DeviceMismatchError,
  DtypeError,
  GpuTensor,
  OptionError,
  requestDevice,
  ShapeError,
  TokenRangeError,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
  WebGPUError,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import {
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  type OnnxConditioning,
  type OnnxDenoiser,
  type OnnxImage,
  OnnxRuntimeError,
} from 'vq-diffusion-webgpu/onnx'
import attentionUrl from '../models/tiny/attention.onnx?url'
import decoderUrl from '../models/tiny/decoder.onnx?url'
import denoiserUrl from '../models/tiny/denoiser.onnx?url'
import { gpuTest } from '../support/gpu'

const [denoiserModel, decoderModel, attentionModel] = await Promise.all(
  [denoiserUrl, decoderUrl, attentionUrl].map(async (url) => (await fetch(url)).arrayBuffer()),
)

const N = 16
const options = { num_vec_classes: 25, gamma_cum_end: 0.9 }
const device = await requestDevice()
const scheduler = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)

// Created concurrently, as in an application: the sessions have to take turns.
const [webgpu, wasm, webgpuDecoder, wasmDecoder] = await Promise.all([
  createOnnxSession(ort, denoiserModel!, { provider: 'webgpu', device }),
  createOnnxSession(ort, denoiserModel!, { provider: 'wasm' }),
  createOnnxSession(ort, decoderModel!, { provider: 'webgpu', device }),
  createOnnxSession(ort, decoderModel!, { provider: 'wasm' }),
])

const text = (offset: number) => Int32Array.from({ length: N }, (_, i) => (i * 5 + offset) % 32)
const conditioning: OnnxConditioning = { conditional: { text: text(0) }, unconditional: { text: new Int32Array(N) } }
const chain = { numLatentPixels: N, numInferenceSteps: 8, batchSize: 2, seed: 11, conditioning }
const tokens = (count: number) => Uint32Array.from({ length: count }, (_, i) => (i * 7 + 3) % 25)

function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)
}

/** The tokens after every step of a chain. */
async function draw(denoiser: OnnxDenoiser, guidanceScale: number, onGpu = true): Promise<number[][]> {
  const pipeline = new VQDiffusionPipeline({ scheduler: onGpu ? scheduler : twin, denoiser })
  const steps: number[][] = []
  for await (const { sample } of pipeline.sample({ ...chain, guidanceScale }))
    steps.push(Array.from(await sample.read()))
  return steps
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a loop with the network and the scheduler on one GPUDevice', () => {
  for (const [guidanceScale, guidanceInterval, rows] of [
    [1, [0, 99], [2]],
    [2.5, [0, 99], [4]],
    [2.5, [20, 70], [2, 4]],
  ] as const)
    gpuTest(
      device,
      `copies nothing to the host and makes no buffers, ${guidanceScale} in ${guidanceInterval}`,
      async () => {
        using denoiser = createOnnxDenoiser({ session: webgpu })
        const mapAsync = vi.spyOn(GPUBuffer.prototype, 'mapAsync')
        const createBuffer = vi.spyOn(device, 'createBuffer')
        const logits = new Set<GpuTensor>()
        const made: number[] = []
        const pipeline = new VQDiffusionPipeline({
          scheduler,
          denoiser: async (input: DenoiserInput<GpuTensor, OnnxConditioning>) => {
            const result = await denoiser(input)
            logits.add(result)
            made.push(createBuffer.mock.calls.length)
            expect(mapAsync).not.toHaveBeenCalled()
            return result
          },
        })
        for await (const _ of pipeline.sample({ ...chain, guidanceScale, guidanceInterval }));
        expect([...logits].map(({ shape }) => shape)).toEqual(rows.map((items) => [items, N, 24]))
        expect(made).toHaveLength(8)
        // The first step of each kind makes those of its network.
        expect(new Set(made.slice(1)).size).toBe(rows.length)
        // The counters of faults and the tokens, read once at the end.
        expect(mapAsync).toHaveBeenCalledTimes(2)
      },
    )
})

gpuTest(
  device,
  'a loop with a session of onnxruntime-web on a device of its own is an error, not a picture',
  async () => {
    const own = await defaultOrt.InferenceSession.create(denoiserModel!.slice(0), {
      executionProviders: ['webgpu'],
      preferredOutputLocation: 'gpu-buffer',
    })
    const tensor = (data: Int32Array, dims: number[]) => new defaultOrt.Tensor('int32', data, dims)
    const pipeline = new VQDiffusionPipeline({
      scheduler,
      denoiser: async ({ sample, timestep }: DenoiserInput<GpuTensor, unknown>) => {
        const x_t = tensor(Int32Array.from(await sample.read()), [1, N])
        const t = tensor(Int32Array.of(timestep), [1])
        const { logits } = await own.run({ x_t, t, text: tensor(text(0), [1, N]) })
        return logits as unknown as GpuTensor
      },
    })
    await expect(pipeline.generate({ ...chain, batchSize: 1 })).rejects.toThrow(WebGPUError)
    await own.release()
  },
)

describe('a chain is the same', () => {
  for (const guidanceScale of [1, 2.5])
    gpuTest(device, `on every combination of providers and schedulers, guidance ${guidanceScale}`, async () => {
      using onGpu = createOnnxDenoiser({ session: webgpu })
      using onCpu = createOnnxDenoiser({ session: wasm })
      const expected = await draw(onGpu, guidanceScale)
      expect(new Set(expected.at(-1))).not.toContain(24)
      expect(await draw(onCpu, guidanceScale)).toEqual(expected)
      expect(await draw(onGpu, guidanceScale, false)).toEqual(expected)
      expect(await draw(onCpu, guidanceScale, false)).toEqual(expected)
    })

  gpuTest(device, 'with a run of your own, whose logits are a tensor of onnxruntime-web', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    const inputs = { text: new ort.Tensor('int32', Int32Array.from([...text(0), ...text(0)]), [2, N]) }
    let logits: ort.Tensor | undefined
    const own = new VQDiffusionPipeline({
      scheduler,
      denoiser: ({ sample: { buffer, shape }, timestep }) =>
        webgpu.whenFree(async () => {
          logits?.dispose()
          const x_t = ort.Tensor.fromGpuBuffer(buffer, { dataType: 'int32', dims: shape })
          const t = new ort.Tensor('int32', new Int32Array(2).fill(timestep), [2])
          logits = (await webgpu.run({ ...inputs, x_t, t }, { logits: null })).logits!
          return logits
        }),
    })
    const tokens = await own.generate(chain)
    logits!.dispose()
    expect(Array.from(await tokens.read())).toEqual((await draw(denoiser, 1)).at(-1))
  })

  gpuTest(device, 'but depends on the condition and on guidance', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    expect(await draw(denoiser, 1)).not.toEqual(await draw(denoiser, 2.5))
  })
})

describe('chains of one denoiser', () => {
  const conditioned = (offset: number) => ({ conditional: { text: text(offset) }, unconditional: { text: text(9) } })
  /** Truncated, so that the first chains wait for kernels that no other test compiles. */
  const drawn = async (denoiser: OnnxDenoiser, given: OnnxConditioning, batchSize = 1) => {
    const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
    const options = { ...chain, numInferenceSteps: 3, guidanceScale: 2.5, truncationRate: 0.6 }
    const result = await pipeline.generate({ ...options, batchSize, conditioning: given })
    return Array.from(await result.read())
  }

  gpuTest(device, 'that run at the same time do not disturb each other, and free their buffers', async () => {
    const buffers = new Set<GPUBuffer>()
    vi.spyOn(device, 'createBuffer').mockImplementation((descriptor) => {
      const buffer = GPUDevice.prototype.createBuffer.call(device, descriptor)
      if (descriptor.label?.startsWith('vqd/onnx/')) buffers.add(buffer)
      return buffer
    })
    vi.spyOn(GPUBuffer.prototype, 'destroy').mockImplementation(function (this: GPUBuffer) {
      buffers.delete(this)
    })
    const denoiser = createOnnxDenoiser({ session: webgpu })
    const draw = (offset: number, batchSize?: number) => drawn(denoiser, conditioned(offset), batchSize)
    const together = await Promise.all([draw(0), draw(3, 2)])
    expect(together).toEqual([await draw(0), await draw(3, 2)])
    await webgpu.whenFree(async () => {})
    expect(buffers.size).toBe(0)
  })

  gpuTest(device, 'take the conditioning anew, also from the same object', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    const conditioning = conditioned(0)
    const first = await drawn(denoiser, conditioning)
    conditioning.conditional.text.set(text(5))
    const second = await drawn(denoiser, conditioning)
    expect(first).not.toEqual(second)
    expect(second).toEqual(await drawn(denoiser, conditioned(5)))
  })
})

describe('the decoder', () => {
  const codes = tokens(2 * N).map((token) => token % 24)

  gpuTest(device, 'gives the same image from either provider and either engine', async () => {
    using onGpu = createOnnxDecoder({ session: webgpuDecoder })
    using onCpu = createOnnxDecoder({ session: wasmDecoder })
    using sample = scheduler.uploadTokens(codes, [2, N])
    const expected = await onCpu(new CpuTensor(codes, [2, N]))
    expect(expected.shape).toEqual([2, 4, 8, 8])
    const others = await Promise.all([onCpu(sample), onGpu(sample), onGpu(new CpuTensor(codes, [2, N]))])
    for (const { data, shape } of others) {
      expect(shape).toEqual(expected.shape)
      expect(distance(data, expected.data)).toBeLessThan(1e-6)
    }
  })

  gpuTest(device, 'copies nothing but the image', async () => {
    using decoder = createOnnxDecoder({ session: webgpuDecoder })
    using sample = scheduler.uploadTokens(codes, [2, N])
    const mapAsync = vi.spyOn(GPUBuffer.prototype, 'mapAsync')
    await decoder(sample)
    expect(mapAsync).toHaveBeenCalledTimes(1)
  })

  gpuTest(device, 'refuses a mask among the tokens if it knows the number of codes', async () => {
    using decoder = createOnnxDecoder({ session: webgpuDecoder, numCodes: 24 })
    using masked = scheduler.uploadTokens(codes.with(5, 24), [2, N])
    await expect(decoder(masked)).rejects.toThrow(TokenRangeError)
    await expect(decoder(masked)).rejects.toThrow('given the mask at position 5')
    using sample = scheduler.uploadTokens(codes, [2, N])
    expect((await decoder(sample)).shape).toEqual([2, 4, 8, 8])
  })

  gpuTest(device, 'rejects for tokens in a buffer that WebGPU refuses, and decodes others afterwards', async () => {
    const buffer = (usage: number) => device.createBuffer({ label: 'test/tokens', size: 4 * 2 * N, usage })
    for (const session of [webgpuDecoder, wasmDecoder]) {
      using decoder = createOnnxDecoder({ session })
      const closed = GpuTensor.borrow(device, buffer(GPUBufferUsage.STORAGE), [2, N], 'u32')
      await expect(decoder(closed)).rejects.toThrow(WebGPUError)
      await expect(decoder(closed)).rejects.toThrow('tokens needs a buffer with the usage COPY_SRC')
      const destroyed = buffer(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC)
      const gone = GpuTensor.borrow(device, destroyed, [2, N], 'u32')
      destroyed.destroy()
      await expect(decoder(gone)).rejects.toThrow(WebGPUError)
      using sample = scheduler.uploadTokens(codes, [2, N])
      expect((await decoder(sample)).shape).toEqual([2, 4, 8, 8])
    }
  })

  gpuTest(device, 'decodes previews beside a chain without changing it', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    using decoder = createOnnxDecoder({ session: webgpuDecoder })
    const pipeline = new VQDiffusionPipeline({ scheduler, denoiser, decoder })
    const steps: number[][] = []
    const previews: Promise<OnnxImage>[] = []
    for await (const { sample, preview } of pipeline.sample({ ...chain, guidanceScale: 2.5, previewEvery: 1 })) {
      steps.push(Array.from(await sample.read()))
      if (preview) previews.push(preview)
    }
    expect(steps).toEqual(await draw(denoiser, 2.5))
    expect(previews.length).toBeGreaterThan(2)
    for (const { data } of await Promise.all(previews))
      expect(data.every((value) => value >= 0 && value <= 1)).toBe(true)
  })
})

describe('one call of the denoiser', () => {
  const given = { timestep: 50, guided: false, conditioning, signal: undefined }

  gpuTest(device, 'reads a view where it lies in its buffer', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    using batch = scheduler.uploadTokens(tokens(2 * N), [2, N])
    const whole = await (await denoiser({ ...given, sample: batch })).read()
    const second = await (await denoiser({ ...given, sample: batch.slice(1, 2) })).read()
    expect(distance(second, whole.slice(N * 24))).toBeLessThan(1e-5)
  })

  gpuTest(device, 'with guidance gives the unconditional half first', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    using sample = scheduler.uploadTokens(tokens(2 * N), [2, N])
    const both = await (await denoiser({ ...given, guided: true, sample })).read()
    const { conditional, unconditional } = conditioning
    for (const [half, inputs] of [unconditional!, conditional].entries()) {
      const alone = await (await denoiser({ ...given, conditioning: { conditional: inputs }, sample })).read()
      expect(distance(alone, both.subarray(half * alone.length, (half + 1) * alone.length))).toBeLessThan(1e-5)
    }
  })

  gpuTest(device, 'takes a condition for each item', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    using sample = scheduler.uploadTokens(tokens(2 * N), [2, N])
    const each = { conditional: { text: Int32Array.from([...text(1), ...text(2)]) } }
    const logits = await (await denoiser({ ...given, conditioning: each, sample })).read()
    for (const item of [0, 1]) {
      const alone = { conditional: { text: text(item + 1) } }
      const single = await (
        await denoiser({ ...given, conditioning: alone, sample: sample.slice(item, item + 1) })
      ).read()
      expect(distance(single, logits.subarray(item * N * 24, (item + 1) * N * 24))).toBeLessThan(1e-5)
    }
  })

  gpuTest(device, 'stops for a signal, and the next call runs', async () => {
    using denoiser = createOnnxDenoiser({ session: webgpu })
    using sample = scheduler.uploadTokens(tokens(N), [1, N])
    await expect(denoiser({ ...given, sample, signal: AbortSignal.abort('before') })).rejects.toBe('before')
    const controller = new AbortController()
    const running = denoiser({ ...given, sample, signal: controller.signal })
    controller.abort('during')
    await expect(running).rejects.toBe('during')
    expect((await denoiser({ ...given, sample })).shape).toEqual([1, N, 24])
  })

  gpuTest(device, 'takes turns with all others', async () => {
    using first = createOnnxDenoiser({ session: webgpu })
    using second = createOnnxDenoiser({ session: webgpu })
    using third = createOnnxDenoiser({ session: wasm })
    using sample = scheduler.uploadTokens(tokens(N), [1, N])
    const all = await Promise.all([first, second, third].map((denoiser) => denoiser({ ...given, sample })))
    const [expected, ...others] = await Promise.all(all.map((logits) => logits.read()))
    for (const other of others) expect(distance(other, expected!)).toBeLessThan(1e-5)
  })

  describe('rejects', () => {
    const sample = new CpuTensor(tokens(N), [1, N])
    const denoiser = createOnnxDenoiser({ session: wasm })
    const rejected = (input: Partial<DenoiserInput<CpuTensor, OnnxConditioning>>) =>
      expect(denoiser({ ...given, sample, ...input })).rejects

    it('a sample of another device', async () => {
      const other = await requestDevice()
      using foreign = GpuTensor.from(other, tokens(N), [1, N])
      const createBuffer = vi.spyOn(device, 'createBuffer')
      using onGpu = createOnnxDenoiser({ session: webgpu })
      using decoder = createOnnxDecoder({ session: webgpuDecoder })
      await expect(onGpu({ ...given, sample: foreign })).rejects.toThrow(DeviceMismatchError)
      await expect(decoder(foreign)).rejects.toThrow(DeviceMismatchError)
      expect(createBuffer).not.toHaveBeenCalled()
      other.destroy()
    })

    it('a sample of a size that the model does not take', async () => {
      await rejected({ sample: new CpuTensor(tokens(20), [1, 20]) }).toThrow(ShapeError)
    })

    it('guidance without unconditional inputs', async () => {
      await rejected({ guided: true, conditioning: { conditional: { text: text(0) } } }).toThrow(OptionError)
    })

    it('inputs that are missing or that the model does not have', async () => {
      await rejected({ conditioning: { conditional: {} } }).toThrow('{text}; given {}')
      await rejected({ conditioning: { conditional: { txt: text(0) } } }).toThrow('{text}; given {txt}')
    })

    it('inputs of another size or type', async () => {
      await rejected({ conditioning: { conditional: { text: new Int32Array(5) } } }).toThrow(ShapeError)
      await rejected({ conditioning: { conditional: { text: new Float32Array(N) } } }).toThrow(DtypeError)
    })
  })
})

describe('a session', () => {
  it('names the inputs and outputs that a model has', () => {
    expect(() => createOnnxDenoiser({ session: wasm, sampleInput: 'x' })).toThrow("it has 'x_t', 't', 'text'")
    expect(() => createOnnxDenoiser({ session: wasm, output: 'scores' })).toThrow(OptionError)
    expect(() => createOnnxDecoder({ session: wasmDecoder, output: 'codes' })).toThrow(OptionError)
  })

  // onnxruntime-web's operator is wrong on a device of small subgroups: see requestDevice.
  gpuTest(device, 'on WebGPU computes attention in one operator as in several, and as on WebAssembly', async () => {
    const shape = [2, 64, 32]
    const data = Float32Array.from({ length: 2 * 64 * 32 }, (_, i) => Math.sin(i * 1.7) + Math.cos(i * 0.013))
    const results: Float32Array[] = []
    for (const provider of [{ provider: 'webgpu', device }, { provider: 'wasm' }] as const) {
      const session = await createOnnxSession(ort, attentionModel!, provider)
      await session.whenFree(async () => {
        const outputs = await session.run({ x: new ort.Tensor('float32', data, shape) }, { fused: null, plain: null })
        for (const name of ['fused', 'plain']) results.push((await outputs[name]!.getData(true)) as Float32Array)
      })
      await session.destroy()
    }
    const [fused, ...others] = results
    for (const other of others) expect(distance(fused!, other)).toBeLessThan(1e-5)
  })

  it('rejects a model with attention on a device on which it would be wrong', async () => {
    const other = await requestDevice()
    Object.defineProperty(other, 'adapterInfo', { value: { subgroupMinSize: 4 } })
    Object.defineProperty(other, 'features', { value: new Set(['subgroups']) })
    const opening = createOnnxSession(ort, attentionModel!, { provider: 'webgpu', device: other })
    await expect(opening).rejects.toThrow(OnnxRuntimeError)
    await expect(opening).rejects.toThrow('MultiHeadAttention')
    other.destroy()
  })

  it('rejects data that is not a model', async () => {
    await expect(createOnnxSession(ort, new Uint8Array(9), { provider: 'wasm' })).rejects.toThrow(OnnxRuntimeError)
  })

  it('rejects an entry of onnxruntime-web that computes on a device of its own', async () => {
    const creating = createOnnxSession(defaultOrt, denoiserModel!, { provider: 'webgpu', device })
    await expect(creating).rejects.toThrow("import it from 'onnxruntime-web/webgpu'")
  })

  it('on WebGPU cannot be used after a run that failed, since onnxruntime-web would repeat it', async () => {
    const creating = vi.spyOn(ort.InferenceSession, 'create')
    const session = await createOnnxSession(ort, decoderModel!, { provider: 'webgpu', device })
    vi.spyOn(await creating.mock.results[0]!.value, 'run').mockRejectedValueOnce(new Error('no memory'))
    using decoder = createOnnxDecoder({ session })
    const codes = new CpuTensor(new Uint32Array(N), [1, N])
    await expect(decoder(codes)).rejects.toThrow('no memory')
    await expect(decoder(codes)).rejects.toThrow('create the session anew')
    await session.destroy()
  })

  it('cannot be used after destroy()', async () => {
    const session = await createOnnxSession(ort, decoderModel!, { provider: 'wasm' })
    const decoder = createOnnxDecoder({ session })
    await session.destroy()
    await session.destroy()
    await expect(decoder(new CpuTensor(tokens(N), [1, N]))).rejects.toThrow(DestroyedError)
  })
})
