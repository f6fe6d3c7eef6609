import * as ort from 'onnxruntime-web/webgpu'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigError, FetchError, OptionError, requestDevice } from 'vq-diffusion-webgpu'
import {
  conditionText,
  createOnnxEncoder,
  createOnnxSession,
  type DownloadProgress,
  fromImageData,
  OnnxRuntimeError,
  type PretrainedPipelineOptions,
  toImageData,
  VQDiffusionPipeline,
} from 'vq-diffusion-webgpu/onnx'
import { gpuTest } from '../support/gpu'
import { softwareDevice } from '../support/launch_shapes'
import { tinyModelFolder } from '../support/tiny_model'

const folder = await tinyModelFolder()
const device = await requestDevice()
const text = (content: unknown) => new Blob([typeof content === 'string' ? content : JSON.stringify(content)])

async function open(options: Partial<PretrainedPipelineOptions>, changes: Record<string, Blob | undefined> = {}) {
  const files = new Map(folder)
  for (const [path, file] of Object.entries(changes)) file ? files.set(path, file) : files.delete(path)
  return VQDiffusionPipeline.fromPretrained(files, { ort, ...options })
}

/** A folder with a graph for each provider, of which that of the other is not there. */
async function withGraphOf(network: 'webgpu' | 'wasm'): Promise<Record<string, Blob | undefined>> {
  const index = JSON.parse(await folder.get('model_index.json')!.text())
  const denoiser = folder.get('denoiser/model.onnx')
  return {
    'model_index.json': text({ ...index, denoiser_wasm: ['onnx', 'denoiser/model_int8.onnx'] }),
    'denoiser/model.onnx': network === 'webgpu' ? denoiser : undefined,
    'denoiser/model_int8.onnx': network === 'wasm' ? denoiser : undefined,
  }
}

/** Counts sessions that are open, and whether the devices that were made are destroyed. */
function watchResources() {
  let sessions = 0
  const devices: GPUDevice[] = []
  const create = ort.InferenceSession.create.bind(ort.InferenceSession) as (...values: unknown[]) => Promise<never>
  vi.spyOn(ort.InferenceSession, 'create').mockImplementation(async (...values: unknown[]) => {
    const session: { release(): Promise<void> } = await create(...values)
    sessions++
    const release = session.release.bind(session)
    session.release = () => {
      sessions--
      return release()
    }
    return session as never
  })
  const request = GPUAdapter.prototype.requestDevice
  vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (this: GPUAdapter, descriptor) {
    const made = await request.call(this, descriptor)
    devices.push(made)
    return made
  })
  return { openSessions: () => sessions, devices }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('fromPretrained', () => {
  const combinations = [
    { engine: 'webgpu', network: 'webgpu' },
    { engine: 'webgpu', network: 'wasm' },
    { engine: 'cpu', network: 'wasm' },
  ] as const
  let expected: number[] | undefined
  for (const choice of combinations)
    it(`runs the scheduler on ${choice.engine} and the networks on ${choice.network}, with the same tokens`, async () => {
      using pipe = await open(choice, await withGraphOf(choice.network))
      expect(pipe.backend).toMatchObject(choice)
      expect(pipe.backend!.adapter).not.toBe('')
      expect(pipe.device === undefined).toBe(choice.engine === 'cpu' && choice.network === 'wasm')
      const { tokens } = await pipe('red heart', { seed: 7 })
      expected ??= Array.from(tokens[0]!)
      expect(Array.from(tokens[0]!)).toEqual(expected)
    })

  it.each([
    [{}, false, { engine: 'cpu', network: 'wasm', explanation: /in software.*everything runs on the CPU/ }],
    [
      { engine: 'webgpu' },
      false,
      { engine: 'webgpu', network: 'wasm', explanation: /in software.*left to WebAssembly/ },
    ],
    [{}, true, { engine: 'webgpu', network: 'wasm', explanation: /in software.*left to WebAssembly/ }],
    [{ network: 'webgpu' }, false, { engine: 'webgpu', network: 'webgpu', explanation: /^$/ }],
  ] as const)(
    'leaves to the CPU on a software adapter what is not asked for, and says so: %o',
    async (choice, given, want) => {
      vi.spyOn(GPUAdapterInfo.prototype, 'isFallbackAdapter', 'get').mockReturnValue(true)
      using pipe = await open(given ? { ...choice, device: await softwareDevice() } : choice)
      expect(pipe.backend).toMatchObject({ ...want, explanation: expect.stringMatching(want.explanation) })
    },
  )

  it('runs all on the CPU without an adapter, whatever was asked for, and says so', async () => {
    vi.spyOn(navigator.gpu, 'requestAdapter').mockResolvedValue(null)
    using pipe = await open({ engine: 'webgpu', network: 'webgpu' })
    expect(pipe.backend).toMatchObject({ engine: 'cpu', network: 'wasm', adapter: '' })
    expect(pipe.backend!.explanation).toMatch('no graphics adapter')
    expect((await pipe('red heart', { seed: 7 })).images).toHaveLength(1)
  })

  it('runs all on the CPU if the adapter refuses a device, and says why', async () => {
    vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockRejectedValue(new DOMException('too many', 'OperationError'))
    using pipe = await open({ engine: 'webgpu' })
    expect(pipe.backend).toMatchObject({ engine: 'cpu', network: 'wasm' })
    expect(pipe.backend!.explanation).toMatch('too many')
  })

  it('reports the bytes of the networks as one progress', async () => {
    const seen: DownloadProgress[] = []
    using _ = await open({ engine: 'cpu', network: 'wasm', onProgress: (progress) => seen.push(progress) })
    const total = folder.get('denoiser/model.onnx')!.size + folder.get('vqvae/decoder.onnx')!.size
    expect(seen[0]).toEqual({ loaded: 0, total })
    expect(seen.at(-1)).toEqual({ loaded: total, total })
  })

  it('destroys the device that it made, with the sessions, and not twice', async () => {
    const { openSessions, devices } = watchResources()
    const pipe = await open({ engine: 'webgpu', network: 'wasm' })
    expect(pipe.device).toBe(devices[0])
    expect(openSessions()).toBe(2)
    pipe.destroy()
    pipe.destroy()
    expect((await devices[0]!.lost).reason).toBe('destroyed')
    expect(openSessions()).toBe(0)
  })

  it('loads the encoder though the signal of the loading was aborted since, and frees it when destroyed meanwhile', async () => {
    const { openSessions } = watchResources()
    const controller = new AbortController()
    const pipe = await open({ engine: 'cpu', network: 'wasm', signal: controller.signal })
    controller.abort('left the page')
    const image = new ImageData(8, 8)
    expect((await pipe('', { image, strength: 0 })).tokens).toHaveLength(1)
    expect(openSessions()).toBe(3)
    pipe.destroy()
    await vi.waitFor(() => expect(openSessions()).toBe(0))

    const other = await open({ engine: 'cpu', network: 'wasm' })
    const drawing = other('', { image, strength: 0 })
    other.destroy()
    await expect(drawing).rejects.toThrow()
    await vi.waitFor(() => expect(openSessions()).toBe(0))
  })

  gpuTest(device, 'leaves a given device alone', async () => {
    const { openSessions, devices } = watchResources()
    const pipe = await open({ device, network: 'wasm' })
    expect(pipe.device).toBe(device)
    pipe.destroy()
    await vi.waitFor(() => expect(openSessions()).toBe(0))
    expect(devices).toEqual([])
    const alive = Promise.race([device.lost.then(() => 'lost'), device.queue.onSubmittedWorkDone().then(() => 'alive')])
    expect(await alive).toBe('alive')
  })
})

describe('what a frame made', () => {
  const frame = document.body.appendChild(document.createElement('iframe'))
  const realm = frame.contentWindow as unknown as typeof globalThis

  it('is a model folder, a signal, pictures, tokens and models', async () => {
    const files = new realm.Map(Array.from(folder, ([path, file]) => [path, new realm.Blob([file])]))
    const options = { ort, engine: 'cpu', signal: new realm.AbortController().signal } as const
    const pipe = await VQDiffusionPipeline.fromPretrained(files, options)
    const picture = new realm.ImageData(8, 8)
    picture.data.fill(200)
    const canvas = realm.document.createElement('canvas')
    const { tokens } = await pipe('', { image: picture, strength: 0 })
    const known = { image: canvas, mask: new realm.Uint8Array(16).fill(1) }
    const same = new realm.Uint32Array(tokens[0]!)
    expect((await pipe('', { image: same, strength: 0, known, seed: 1 })).tokens).toHaveLength(1)
    pipe.destroy()
    const decoder = folder.get('vqvae/decoder.onnx')!
    const address = realm.URL.createObjectURL(decoder)
    for (const model of [new realm.Response(decoder), new realm.URL(address), await realm.fetch(address)])
      await (await createOnnxSession(ort, model, { provider: 'wasm' })).destroy()
  })
})

describe('halves', () => {
  it('are pictures, decoded images and embeddings', async () => {
    const bytes = Uint8ClampedArray.from({ length: 16 }, (_, i) => 17 * i)
    const picture = {
      data: Float16Array.from(bytes, (byte) => byte / 255),
      width: 2,
      height: 2,
    } as unknown as ImageData
    const image = fromImageData([new ImageData(bytes, 2, 2)], 4)
    expect(fromImageData([picture], 4)).toEqual(image)
    const halves = { ...image, data: Float16Array.from(image.data) }
    expect(toImageData(halves)[0]!.data).toEqual(bytes)
    const hidden = { data: Float32Array.of(3, 4), shape: [1, 1, 2] }
    const normalised = conditionText({ ...hidden, data: Float16Array.of(3, 4) })
    expect(normalised).toEqual(conditionText(hidden))
    const session = await createOnnxSession(ort, folder.get('vqvae/encoder.onnx')!, { provider: 'wasm' })
    const encoder = createOnnxEncoder({ session })
    const pixels = { data: Float32Array.from({ length: 256 }, (_, i) => (i % 8) / 8), shape: [1, 4, 8, 8] }
    const { data } = await encoder({ ...pixels, data: Float16Array.from(pixels.data) })
    expect(data).toEqual((await encoder(pixels)).data)
    await session.destroy()
  })
})

describe('fromPretrained rejects, and frees what it has made', () => {
  const pickle = { transformer: ['diffusers', 'Transformer2DModel'], denoiser: undefined }
  const index = async (changes: object) =>
    text({ ...JSON.parse(await folder.get('model_index.json')!.text()), ...changes })
  const rows: [
    string,
    () => Promise<Record<string, Blob | undefined>>,
    abstract new (...values: never[]) => Error,
    string,
  ][] = [
    [
      'a folder without an index',
      async () => ({ 'model_index.json': undefined }),
      FetchError,
      'model_index.json is missing',
    ],
    ['a folder of another pipeline', () => wrap(index({ _class_name: 'FluxPipeline' })), ConfigError, 'FluxPipeline'],
    [
      'the networks of diffusers',
      () => wrap(index(pickle)),
      ConfigError,
      'A folder of diffusers has to be converted first',
    ],
    [
      'a missing network',
      async () => ({ 'vqvae/decoder.onnx': undefined }),
      FetchError,
      'vqvae/decoder.onnx is missing',
    ],
    ['a tokenizer of another kind', async () => ({ 'tokenizer/tokenizer.json': text({}) }), ConfigError, 'max_length'],
    [
      'a scheduler without classes',
      async () => ({ 'scheduler/scheduler_config.json': text({}) }),
      ConfigError,
      'num_vec',
    ],
    [
      'a decoder that is no model',
      async () => ({ 'vqvae/decoder.onnx': text('abc') }),
      OnnxRuntimeError,
      'vqvae/decoder.onnx needs to be an ONNX model',
    ],
  ]
  const wrap = async (file: Promise<Blob>) => ({ 'model_index.json': await file })
  it.each(rows)('%s', async (_, changes, error, message) => {
    const { openSessions } = watchResources()
    const opening = open({ engine: 'cpu', network: 'wasm' }, await changes())
    await expect(opening).rejects.toThrow(error)
    await expect(opening).rejects.toThrow(message)
    expect(openSessions()).toBe(0)
  })

  it('a device too', async () => {
    const { openSessions, devices } = watchResources()
    const spoilt = { 'vqvae/decoder.onnx': text('abc') }
    await expect(open({ engine: 'webgpu', network: 'wasm' }, spoilt)).rejects.toThrow(OnnxRuntimeError)
    expect(openSessions()).toBe(0)
    expect(devices).toHaveLength(1)
    expect((await devices[0]!.lost).reason).toBe('destroyed')
  })

  it('when the signal is aborted', async () => {
    await expect(open({ signal: AbortSignal.abort('early') })).rejects.toBe('early')
    const { openSessions } = watchResources()
    const controller = new AbortController()
    const onProgress = ({ loaded }: DownloadProgress) => loaded > 0 && controller.abort('during')
    const options = { signal: controller.signal, onProgress, engine: 'cpu', network: 'wasm' } as const
    await expect(open(options)).rejects.toBe('during')
    expect(openSessions()).toBe(0)
  })

  it.each([
    ['no onnxruntime-web', { ort: undefined }, "import * as ort from 'onnxruntime-web/webgpu'"],
    ['an unknown engine', { engine: 'gpu' }, "engine needs to be 'auto' or 'webgpu' or 'cpu'; given \"gpu\""],
    ['an unknown network', { network: 'cuda' }, 'given "cuda"'],
  ])('%s', async (_, options, message) => {
    const opening = open(options as Partial<PretrainedPipelineOptions>)
    await expect(opening).rejects.toThrow(OptionError)
    await expect(opening).rejects.toThrow(message)
  })
})
