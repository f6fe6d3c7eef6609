import { requireBoolean, requireFunction, requireOptions, requireSignal } from '../checks'
import { createOnnxDecoder } from '../onnx/decoder'
import { createOnnxDenoiser } from '../onnx/denoiser'
import { createOnnxEncoder } from '../onnx/encoder'
import { type OnnxProvider, type OnnxRuntime, requireProvider, requireRuntime, usesProxy } from '../onnx/runtime'
import { type Graph, type OnnxSession, openSession } from '../onnx/session'
import { createOnnxTextEncoder } from '../onnx/text_encoder'
import type { Names } from '../option_names'
import { VQDiffusionScheduler as CpuScheduler } from '../schedulers/cpu'
import { VQDiffusionScheduler as GpuScheduler } from '../schedulers/gpu'
import type { DownloadProgress } from '../store/files'
import { type Backend, type BackendChoice, chooseBackend, requestBackend, requireBackendChoice } from './backend'
import { openGraphs } from './graphs'
import { componentsOf } from './model_components'
import { type ModelSource, openModelFolder } from './model_folder'
import type { PipelineParts } from './parts'
import { readTextFiles } from './text_files'
import { WasmHeap } from './wasm_heap'

/** Options of `VQDiffusionPipeline.fromPretrained`. */
export interface PretrainedPipelineOptions extends BackendChoice {
  /**
   * The module onnxruntime-web, which runs the networks: `import * as ort from 'onnxruntime-web/webgpu'`. If the networks
   * run on WebAssembly, 'onnxruntime-web/wasm' is enough, and smaller. With `ort.env.wasm.proxy` they do.
   */
  readonly ort: OnnxRuntime
  /** The device for scheduler and networks. It stays yours; by default a device is made, and destroyed with the pipeline. */
  readonly device?: GPUDevice
  /** Whether files are stored for the next visit, if the folder has a manifest with their checksums; true by default. */
  readonly cache?: boolean
  /**
   * Bytes of the networks that have arrived, of all their files together. What it throws or rejects with stops the
   * download, and rejects the call.
   */
  readonly onProgress?: (progress: DownloadProgress) => unknown
  /** Stops the download; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

const names = {
  ort: true,
  engine: true,
  network: true,
  device: true,
  cache: true,
  onProgress: true,
  signal: true,
} satisfies Names<PretrainedPipelineOptions>

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
  const { ort, engine, network, cache = true, onProgress, signal } = requireOptions('fromPretrained', options, names)
  const choice = { engine, network }
  requireBackendChoice(choice, options.device)
  requireBoolean('cache', cache)
  if (onProgress !== undefined) requireFunction('onProgress', onProgress)
  requireSignal(signal)
  const folder = await openModelFolder(source, { cache, signal })
  const components = componentsOf(folder.index)
  const [config, textFiles] = await Promise.all([
    folder.json('scheduler/scheduler_config.json', signal),
    components.text && readTextFiles(folder, components.text, signal),
  ])
  const { backend, device } = await backendOf(options)
  const owned: { destroy(): unknown }[] = []
  let released = false
  const release = async () => {
    released = true
    // A runtime that has crashed frees nothing any more.
    await Promise.allSettled(owned.splice(0).map(async (resource) => resource.destroy()))
    if (!options.device) device?.destroy()
  }
  try {
    const scheduler =
      backend.engine === 'webgpu'
        ? await GpuScheduler.fromConfig(device!, config)
        : await CpuScheduler.fromConfig(config as object)
    owned.push(scheduler)
    const provider: OnnxProvider =
      backend.network === 'webgpu' ? { provider: 'webgpu', device: device! } : { provider: 'wasm' }
    requireProvider(ort, provider)
    const open = async (graph: Graph, where: OnnxProvider): Promise<OnnxSession> => {
      const session = await openSession(ort, graph, where)
      owned.push(session)
      // The encoder may still be loading when the pipeline is destroyed.
      if (released) await release()
      return session
    }
    // Encoders run on WebAssembly, since they run rarely: on WebGPU their shaders would take longer to compile than they run.
    const wasm: OnnxProvider = { provider: 'wasm' }
    const textGraph = components.text?.kind === 'clip' ? components.text.encoder : undefined
    const graphs = [
      { path: components.denoiser[backend.network], where: provider },
      ...(components.decoder === undefined ? [] : [{ path: components.decoder, where: provider }]),
      ...(textGraph === undefined ? [] : [{ path: textGraph, where: wasm }]),
    ]
    const heap = new WasmHeap(backend.explanation)
    const onSize = (path: string, graphBytes: number, weightBytes?: number) => {
      const onWasm = graphs.some((graph) => graph.path === path && graph.where.provider === 'wasm')
      if (onWasm) heap.require(path, graphBytes, weightBytes)
    }
    const sessions = await openGraphs(
      folder,
      graphs.map(({ path }) => path),
      (graph, index) => open(graph, graphs[index]!.where),
      { ...options, onSize },
    )
    const sessionOf = (path: string | undefined) => sessions[graphs.findIndex((graph) => graph.path === path)]
    const [decoderSession, textSession] = [sessionOf(components.decoder), sessionOf(textGraph)]
    const denoiser = createOnnxDenoiser({ session: sessions[0]! })
    const decoder = decoderSession ? createOnnxDecoder({ session: decoderSession }) : null
    owned.push(denoiser, ...(decoder ? [decoder] : []))
    const textEncoder = textSession && createOnnxTextEncoder({ session: textSession })
    const loadEncoder = async () => {
      const [session] = await openGraphs(folder, [components.encoder!], (graph) => open(graph, wasm))
      return createOnnxEncoder({ session: session! })
    }
    const { latentShape, layout, imageShape, imageFormat, classes, defaults } = components
    const parts = {
      scheduler,
      denoiser,
      decoder,
      latentShape,
      imageFormat,
      defaults,
      ...(layout && { layout }),
      ...(imageShape && { imageShape }),
      ...textFiles,
      ...(textEncoder && { textEncoder }),
      ...(classes && { classes }),
      ...(components.encoder && { loadEncoder }),
    }
    return { parts, backend, device, release }
  } catch (error) {
    await release()
    throw error
  }
}

/** The chosen backend with its device. 'auto' leaves the network to WebAssembly where a worker runs it, without a device. */
async function backendOf({ ort, device, engine, network = 'auto' }: PretrainedPipelineOptions) {
  const inWorker = network === 'auto' && usesProxy(ort)
  const choice: BackendChoice = { engine, network: inWorker ? 'wasm' : network }
  const chosen = device ? { backend: await chooseBackend(choice, device), device } : await requestBackend(choice)
  const { backend } = chosen
  if (!inWorker || backend.engine === 'cpu' || backend.explanation !== '') return chosen
  const explanation = 'The network is left to WebAssembly, since ort.env.wasm.proxy is on.'
  return { ...chosen, backend: { ...backend, explanation } }
}
