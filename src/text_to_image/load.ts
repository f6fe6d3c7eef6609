import { requireBoolean, requireFunction, requireSignal } from '../checks'
import { ConfigError } from '../errors'
import { requestDevice } from '../gpu/device'
import { createOnnxDecoder } from '../onnx/decoder'
import { createOnnxDenoiser } from '../onnx/denoiser'
import { createOnnxEncoder } from '../onnx/encoder'
import { externalFiles } from '../onnx/external_data'
import type { ImageFormat } from '../onnx/images'
import { requireModel } from '../onnx/model_bytes'
import type { ModelIndex } from '../onnx/model_index'
import {
  createOnnxSession,
  type OnnxProvider,
  type OnnxRuntime,
  type OnnxSession,
  requireRuntime,
} from '../onnx/session'
import { VQDiffusionScheduler as CpuScheduler } from '../schedulers/cpu'
import { VQDiffusionScheduler as GpuScheduler } from '../schedulers/gpu'
import type { DownloadProgress } from '../store/files'
import { type Backend, type BackendChoice, chooseBackend, requireBackendChoice } from './backend'
import { type ModelFolder, type ModelSource, openModelFolder } from './model_folder'
import type { PipelineDefaults } from './options'
import type { PipelineParts } from './parts'
import { WordTokenizer } from './word_tokenizer'

/** Options of `VQDiffusionPipeline.fromPretrained`. */
export interface PretrainedPipelineOptions extends BackendChoice {
  /**
   * The module onnxruntime-web, which runs the networks: `import * as ort from 'onnxruntime-web/webgpu'`. If the networks
   * run on WebAssembly, 'onnxruntime-web/wasm' is enough, and smaller.
   */
  readonly ort: OnnxRuntime
  /** The device for scheduler and networks. It stays yours; by default a device is made, and destroyed with the pipeline. */
  readonly device?: GPUDevice
  /** Whether files are stored for the next visit, if the folder has a manifest with their checksums; true by default. */
  readonly cache?: boolean
  /** Bytes of the networks that have arrived, of all their files together. */
  readonly onProgress?: (progress: DownloadProgress) => void
  /** Stops the download; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A loaded model and what has to be freed with it. */
interface LoadedModel {
  readonly parts: PipelineParts
  readonly backend: Backend
  readonly device: GPUDevice | undefined
  release(): Promise<void>
}

/** Loads a model folder. See `VQDiffusionPipeline.fromPretrained`. */
export async function loadModel(source: ModelSource, options: PretrainedPipelineOptions): Promise<LoadedModel> {
  requireRuntime(options?.ort)
  const { ort, cache = true, onProgress, signal } = options
  requireBackendChoice(options, options.device)
  requireBoolean('cache', cache)
  if (onProgress !== undefined) requireFunction('onProgress', onProgress)
  requireSignal(signal)
  const folder = await openModelFolder(source, { cache, signal })
  const index = readIndex(folder.index)
  const [config, tokenizer] = await Promise.all([
    folder.json('scheduler/scheduler_config.json', signal),
    index.tokenizer && folder.json(index.tokenizer, signal).then((file) => new WordTokenizer(file)),
  ])
  const { backend, device, ownsDevice } = await backendOf(options)
  const owned: { destroy(): unknown }[] = []
  const release = async () => {
    await Promise.all(owned.splice(0).map((resource) => resource.destroy()))
    if (ownsDevice) device!.destroy()
  }
  try {
    const scheduler =
      backend.engine === 'webgpu'
        ? await GpuScheduler.fromConfig(device!, config)
        : await CpuScheduler.fromConfig(config as object)
    owned.push(scheduler)
    const [denoiserModel, decoderModel] = await loadGraphs(folder, [index.denoiser, index.decoder], options)
    const provider: OnnxProvider =
      backend.network === 'webgpu' ? { provider: 'webgpu', device: device! } : { provider: 'wasm' }
    const open = async ({ bytes, externalData }: Graph, where: OnnxProvider): Promise<OnnxSession> => {
      const session = await createOnnxSession(ort, bytes, { ...where, externalData })
      owned.push(session)
      signal?.throwIfAborted()
      return session
    }
    const denoiser = createOnnxDenoiser({ session: await open(denoiserModel!, provider) })
    const decoder = createOnnxDecoder({ session: await open(decoderModel!, provider) })
    owned.push(denoiser, decoder)
    const loadEncoder = async () => {
      const [model] = await loadGraphs(folder, [index.encoder!], {})
      // On WebAssembly, since it runs rarely: on WebGPU its shaders would take longer to compile than it takes to run.
      return createOnnxEncoder({ session: await open(model!, { provider: 'wasm' }) })
    }
    const { latentShape, imageShape, imageFormat, defaults } = index
    const parts = {
      scheduler,
      denoiser,
      decoder,
      latentShape,
      imageFormat,
      defaults,
      ...(imageShape && { imageShape }),
      ...(tokenizer && { tokenizer }),
      ...(index.encoder && { loadEncoder }),
    }
    return { parts, backend, device, release }
  } catch (error) {
    await release()
    throw error
  }
}

/** The backend, and its device if it needs one; the CPU if the browser refuses a device. */
async function backendOf(
  options: PretrainedPipelineOptions,
): Promise<{ backend: Backend; device: GPUDevice | undefined; ownsDevice: boolean }> {
  const backend = await chooseBackend(options, options.device)
  const needsDevice = backend.engine === 'webgpu' || backend.network === 'webgpu'
  if (!needsDevice) return { backend, device: undefined, ownsDevice: false }
  if (options.device) return { backend, device: options.device, ownsDevice: false }
  try {
    return { backend, device: await requestDevice(), ownsDevice: true }
  } catch (error) {
    const explanation = `WebGPU gave no device: ${(error as Error).message} Everything runs on the CPU instead, only slower.`
    return {
      backend: { ...backend, engine: 'cpu', network: 'wasm', explanation },
      device: undefined,
      ownsDevice: false,
    }
  }
}

/** An ONNX graph, with the files in which it keeps weights. */
interface Graph {
  readonly bytes: Uint8Array
  readonly externalData: Readonly<Record<string, Uint8Array>>
}

/** Loads graphs, and then the files that they name. A file that several graphs name is loaded once. */
async function loadGraphs(
  folder: ModelFolder,
  paths: readonly string[],
  { onProgress, signal }: Pick<PretrainedPipelineOptions, 'onProgress' | 'signal'>,
): Promise<Graph[]> {
  const graphs = await folder.load(paths, { onProgress, signal })
  for (const [i, graph] of graphs.entries()) requireModel(paths[i]!, graph)
  const named = graphs.map((bytes, i) =>
    externalFiles(bytes).map((name) => ({ name, path: relativeTo(paths[i]!, name) })),
  )
  const dataPaths = [...new Set(named.flat().map(({ path }) => path))]
  if (dataPaths.length === 0) return graphs.map((bytes) => ({ bytes, externalData: {} }))
  const done = graphs.reduce((sum, { length }) => sum + length, 0)
  const contents = await folder.load(dataPaths, {
    signal,
    onProgress: ({ loaded, total }) => onProgress?.({ loaded: done + loaded, total: done + total }),
  })
  return graphs.map((bytes, i) => ({
    bytes,
    externalData: Object.fromEntries(named[i]!.map(({ name, path }) => [name, contents[dataPaths.indexOf(path)]!])),
  }))
}

/** The path in the model folder of a file that is named relative to a graph's folder. */
function relativeTo(graph: string, name: string): string {
  return new URL(name, `folder:///${graph}`).pathname.slice(1)
}

/** What this package reads of `model_index.json`. */
interface Index {
  readonly denoiser: string
  readonly decoder: string
  readonly encoder: string | undefined
  readonly tokenizer: string | undefined
  readonly latentShape: readonly [height: number, width: number]
  readonly imageShape: readonly [height: number, width: number] | undefined
  readonly imageFormat: ImageFormat
  readonly defaults: PipelineDefaults
}

/** Throws ConfigError unless the folder's networks are ONNX files and its sizes are known. */
function readIndex(index: ModelIndex): Index {
  const [denoiser] = onnxFiles(index, 'denoiser')
  const [decoder, encoder] = onnxFiles(index, 'vqvae')
  const latentShape = shapeOf(index, 'latent')
  if (!denoiser || !decoder || !latentShape)
    throw new ConfigError(
      'model_index.json needs the ONNX networks "denoiser": ["onnx", PATH] and "vqvae": ["onnx", DECODER, ENCODER], and ' +
        `the size of the token grid, latent_height and latent_width; given {${Object.keys(index).join(', ')}}. ` +
        'The networks of diffusers have to be exported to ONNX first.',
    )
  const [kind, tokenizer] = listOf(index.tokenizer)
  if (kind !== undefined && kind !== 'json')
    throw new ConfigError(`The tokenizer in model_index.json needs the kind "json"; given ${JSON.stringify(kind)}.`)
  const { num_inference_steps, guidance_scale, truncation_rate } = (index.defaults ?? {}) as Record<string, number>
  const { image_range, image_alpha } = index as { image_range?: [number, number]; image_alpha?: ImageFormat['alpha'] }
  return {
    denoiser,
    decoder,
    encoder,
    tokenizer,
    latentShape,
    imageShape: shapeOf(index, 'image'),
    imageFormat: { ...(image_range && { range: image_range }), ...(image_alpha && { alpha: image_alpha }) },
    defaults: {
      ...(num_inference_steps !== undefined && { numInferenceSteps: num_inference_steps }),
      ...(guidance_scale !== undefined && { guidanceScale: guidance_scale }),
      ...(truncation_rate !== undefined && { truncationRate: truncation_rate }),
    },
  }
}

function onnxFiles(index: ModelIndex, component: string): (string | undefined)[] {
  const [kind, ...paths] = listOf(index[component])
  return kind === 'onnx' ? paths : []
}

function listOf(value: unknown): (string | undefined)[] {
  return Array.isArray(value) ? value : []
}

function shapeOf(index: ModelIndex, name: 'latent' | 'image'): readonly [number, number] | undefined {
  const [height, width] = [index[`${name}_height`], index[`${name}_width`]]
  return typeof height === 'number' && typeof width === 'number' ? [height, width] : undefined
}
