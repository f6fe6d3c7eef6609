import type * as Ort from 'onnxruntime-web'
import { requireFunction, requireMethod, requireOptions, requireString } from '../checks'
import { makeDisposable } from '../dispose'
import { DestroyedError, DtypeError, OptionError } from '../errors'
import { requireRightAttention } from './attention'
import { externalFiles, requireExternalData } from './external_data'
import { requireModel } from './model_bytes'
import { type FileSource, readFile, sourceName } from './model_source'
import { oneAtATime } from './queue'
import {
  cureOf,
  ignoresDevice,
  type OnnxProvider,
  type OnnxRuntime,
  reasonOf,
  requireProvider,
  requireRuntime,
  usesProxy,
  webgpuEntry,
} from './runtime'
import { OnnxRuntimeError } from './runtime_error'
import type { Axis } from './shapes'

/** Options of `createOnnxSession`. */
export type OnnxSessionOptions = OnnxProvider & {
  /**
   * The files in which the model keeps weights outside of its .onnx file, by the names that it gives them. All are
   * needed.
   */
  readonly externalData?: Readonly<Record<string, FileSource>>
}

/**
 * Loads a model into onnxruntime-web.
 *
 * Arrays that are given stay as they are, also with `ort.env.wasm.proxy`, which transfers arrays to a worker. The model's
 * are then copied; the proxy cannot be combined with WebGPU.
 *
 * @param ort the module: the entry `onnxruntime-web/webgpu` or `/jspi` for 'webgpu', any entry for 'wasm'
 * @param model an .onnx file: its bytes, a Blob, a Response or a URL
 * @throws OptionError; OnnxRuntimeError if the model is refused, or if this onnxruntime-web cannot compute on the device;
 *   FetchError or DtypeError if a file cannot be read
 */
export async function createOnnxSession(
  ort: OnnxRuntime,
  model: FileSource,
  options: OnnxSessionOptions,
): Promise<OnnxSession> {
  requireRuntime(ort)
  requireProvider(ort, options)
  const files = requireOptions('externalData', options.externalData)
  const bytes = await readFile('The model', model, usesProxy(ort))
  requireModel(sourceName('The model', model), bytes)
  return openSession(ort, { bytes, externalData: await readExternalData(bytes, files) }, options)
}

/** A model in memory: an ONNX graph, and the files in which it keeps weights by the names that it gives them. */
export interface Graph {
  readonly bytes: Uint8Array
  readonly externalData: Readonly<Record<string, Uint8Array>>
}

/** Loads a model that was checked. Its bytes may be transferred to a worker. Rejects with OnnxRuntimeError. */
export async function openSession(ort: OnnxRuntime, graph: Graph, provider: OnnxProvider): Promise<OnnxSession> {
  const device = provider.provider === 'webgpu' ? provider.device : undefined
  if (device) requireRightAttention(graph.bytes, device)
  const externalData = Object.entries(graph.externalData).map(([path, data]) => ({ path, data }))
  const options: Ort.InferenceSession.SessionOptions = {
    // A session does not inherit the level of `env`.
    logSeverityLevel: logLevels.indexOf(ort.env.logLevel ?? 'warning') as 0 | 1 | 2 | 3 | 4,
    ...(device
      ? { executionProviders: [{ name: 'webgpu', device }], preferredOutputLocation: 'gpu-buffer' }
      : { executionProviders: ['wasm'] }),
    ...(externalData.length > 0 && { externalData }),
  }
  const session = await oneAtATime(() => ort.InferenceSession.create(graph.bytes, options)).catch((cause) => {
    const reason = reasonOf(cause)
    throw new OnnxRuntimeError(`onnxruntime-web could not create the session: ${reason}${cureOf(reason)}`, { cause })
  })
  const created = new OnnxSession(ort, session, device)
  if (device && ignoresDevice(ort, device)) {
    await created.destroy()
    throw new OnnxRuntimeError(`This entry of onnxruntime-web computes on a GPUDevice of its own.${webgpuEntry}`)
  }
  return created
}

/** Throws OptionError unless every file that the model names is given, OnnxRuntimeError if one is something else. */
async function readExternalData(
  model: Uint8Array,
  given: Readonly<Record<string, FileSource>>,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const needed = externalFiles(model)
  const missing = [...needed.keys()].filter((path) => given[path] === undefined)
  if (missing.length > 0)
    throw new OptionError(
      `The model keeps weights in {${missing.join(', ')}}: give them as externalData; given {${Object.keys(given).join(', ')}}.`,
    )
  const read = async ([path, source]: [string, FileSource]): Promise<[string, Uint8Array]> => {
    const data = await readFile(path, source)
    requireExternalData(path, data, needed.get(path) ?? 0)
    return [path, data]
  }
  return Object.fromEntries(await Promise.all(Object.entries(given).map(read)))
}

const logLevels = ['verbose', 'info', 'warning', 'error', 'fatal'] as const

/**
 * A loaded model, created by `createOnnxSession` and run by the denoiser, decoder or encoder created from it.
 *
 * All sessions of onnxruntime-web share one WebAssembly instance: a run beside another one hangs or blocks the page. What
 * this package runs takes turns. Run other sessions, those of `ort` itself too, inside `whenFree` of any session.
 */
export class OnnxSession {
  #failure: { readonly reason: string; readonly cause: unknown } | undefined
  #destroyed = false

  /** @param device undefined for WebAssembly */
  constructor(
    /** The module onnxruntime-web that runs the model. */
    readonly ort: OnnxRuntime,
    private readonly session: Ort.InferenceSession,
    /** The device that the session computes on; undefined on WebAssembly. */
    readonly device: GPUDevice | undefined,
  ) {
    makeDisposable(this)
  }

  /** Names of the model's inputs. */
  get inputNames(): readonly string[] {
    return this.session.inputNames
  }

  /** The declared shape of an input. Throws OptionError if it does not exist, DtypeError if it has another type. */
  inputShape(name: string, type: 'int32' | 'float32'): readonly Axis[] {
    return requireValue('input', this.session.inputMetadata, name, type).shape
  }

  /** Throws OptionError if the output does not exist, DtypeError if it has another type. */
  requireOutput(name: string, type: 'int32' | 'float32' = 'float32'): void {
    requireValue('output', this.session.outputMetadata, name, type)
  }

  /**
   * Starts `work` when no session is running, and starts no other before it settles. It may run this session or another,
   * and load or release a session of `ort`. It must not wait for another `whenFree`, nor for a denoiser, decoder or
   * encoder. Rejects as `work` does, or with DestroyedError.
   */
  whenFree<Result>(work: () => Promise<Result>): Promise<Result> {
    requireFunction('work', work)
    return oneAtATime(() => {
      if (this.#destroyed) throw new DestroyedError('The ONNX session was destroyed.')
      return work()
    })
  }

  /**
   * Runs the network. Call it inside `whenFree` only. `outputs` holds a tensor to write to, or null for a new one. The
   * inputs stay as they are. Rejects with OnnxRuntimeError.
   */
  async run(
    inputs: Readonly<Record<string, Ort.Tensor>>,
    outputs: Readonly<Record<string, Ort.Tensor | null>>,
  ): Promise<Ort.InferenceSession.ReturnType> {
    // After a failed run, onnxruntime-web 1.30 reuses the buffers of that run and ignores new inputs.
    if (this.#failure && this.device)
      throw new OnnxRuntimeError(
        `An earlier run of this session failed; create the session anew. The reason was: ${this.#failure.reason}`,
        { cause: this.#failure.cause },
      )
    try {
      return await this.session.run(usesProxy(this.ort) ? this.#copies(inputs) : inputs, outputs)
    } catch (cause) {
      this.#failure = { reason: reasonOf(cause), cause }
      throw new OnnxRuntimeError(`onnxruntime-web could not run the model: ${this.#failure.reason}`, { cause })
    }
  }

  /** Inputs to transfer. Each has a buffer of its own. */
  #copies(inputs: Readonly<Record<string, Ort.Tensor>>): Record<string, Ort.Tensor> {
    const copy = (tensor: Ort.Tensor) =>
      tensor.location === 'cpu' ? new this.ort.Tensor(tensor.type, tensor.data.slice() as never, tensor.dims) : tensor
    return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, copy(tensor)]))
  }

  /** Frees the model after the runs in progress. Idempotent. Rejects with OnnxRuntimeError. */
  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    await oneAtATime(() => this.session.release()).catch((cause) => {
      throw new OnnxRuntimeError(`onnxruntime-web could not free the session: ${reasonOf(cause)}`, { cause })
    })
  }

  /** `destroy`, for `using` declarations. A failure is not reported. */
  [Symbol.dispose](): void {
    this.destroy().catch(() => {})
  }
}

/** Throws OptionError unless the value is a session. */
export function requireSession(session: unknown): void {
  requireMethod('session', session, 'whenFree', 'an OnnxSession, such as `await createOnnxSession(…)`')
}

function requireValue(
  kind: 'input' | 'output',
  all: readonly Ort.InferenceSession.ValueMetadata[],
  name: string,
  type: string,
): Ort.InferenceSession.TensorValueMetadata {
  requireString(`The name of an ${kind}`, name)
  const value = all.find((candidate) => candidate.name === name)
  if (!value)
    throw new OptionError(`The model has no ${kind} '${name}'; it has ${all.map((one) => `'${one.name}'`).join(', ')}.`)
  if (!value.isTensor || value.type !== type)
    throw new DtypeError(
      `The model's ${kind} '${name}' needs to be ${type}; it is ${value.isTensor ? value.type : 'no tensor'}.`,
    )
  return value
}
