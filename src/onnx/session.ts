import type * as Ort from 'onnxruntime-web'
import {
  requireFunction,
  requireGpuDevice,
  requireMethod,
  requireObject,
  requireOneOf,
  requireOptions,
  requireString,
} from '../checks'
import { makeDisposable } from '../dispose'
import { DestroyedError, DtypeError, OptionError } from '../errors'
import { valueText } from '../value_text'
import { externalFiles } from './external_data'
import { requireModel } from './model_bytes'
import { type FileSource, readFile } from './model_source'
import { oneAtATime } from './queue'
import { OnnxRuntimeError } from './runtime_error'
import type { Axis } from './shapes'

/** The part of the onnxruntime-web module that this package uses. */
export type OnnxRuntime = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>

/** The execution provider: a GPUDevice, preferably the scheduler's, or WebAssembly. */
export type OnnxProvider =
  | {
      /** The WebGPU provider. */
      readonly provider: 'webgpu'
      /** The device that it computes on. */
      readonly device: GPUDevice
    }
  | {
      /** The WebAssembly provider. */
      readonly provider: 'wasm'
    }

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
  requireProvider(options)
  const bytes = await readFile('The model', model)
  requireModel(typeof model === 'string' || model instanceof URL ? `The model ${model}` : 'The model', bytes)
  const externalData = await readExternalData(bytes, requireOptions('externalData', options.externalData))
  const device = options.provider === 'webgpu' ? options.device : undefined
  const sessionOptions: Ort.InferenceSession.SessionOptions = {
    // A session does not inherit the level of `env`.
    logSeverityLevel: logLevels.indexOf(ort.env.logLevel ?? 'warning') as 0 | 1 | 2 | 3 | 4,
    ...(device
      ? { executionProviders: [{ name: 'webgpu', device }], preferredOutputLocation: 'gpu-buffer' }
      : { executionProviders: ['wasm'] }),
    ...(externalData.length > 0 && { externalData }),
  }
  const session = await oneAtATime(() => ort.InferenceSession.create(bytes, sessionOptions)).catch((cause: Error) => {
    const hint = /backend not found/.test(cause.message) ? ` ${webgpuEntry}` : ''
    throw new OnnxRuntimeError(`onnxruntime-web could not create the session: ${cause.message}${hint}`, { cause })
  })
  const created = new OnnxSession(ort, session, device)
  if (device && ignoresDevice(ort, device)) {
    await created.destroy()
    throw new OnnxRuntimeError(`This entry of onnxruntime-web computes on a GPUDevice of its own. ${webgpuEntry}`)
  }
  return created
}

/** Throws OptionError unless the value is the module onnxruntime-web. */
export function requireRuntime(ort: OnnxRuntime): void {
  if (typeof ort?.InferenceSession?.create !== 'function' || !ort.env)
    throw new OptionError(
      `ort needs to be the module onnxruntime-web; given ${valueText(ort)}. ` +
        "Import it: import * as ort from 'onnxruntime-web/webgpu'.",
    )
}

function requireProvider(options: OnnxProvider): void {
  requireObject(
    'The last argument of createOnnxSession',
    options,
    "{ provider: 'webgpu', device } or { provider: 'wasm' }",
  )
  requireOneOf('provider', options.provider, ['webgpu', 'wasm'])
  if (options.provider === 'webgpu') requireGpuDevice('device', options.device)
}

/** In the form that onnxruntime-web takes. Throws OptionError unless every file that the model names is given. */
async function readExternalData(
  model: Uint8Array,
  given: Readonly<Record<string, FileSource>>,
): Promise<{ path: string; data: Uint8Array }[]> {
  const missing = externalFiles(model).filter((path) => given[path] === undefined)
  if (missing.length > 0)
    throw new OptionError(
      `The model keeps weights in {${missing.join(', ')}}: give them as externalData; given {${Object.keys(given).join(', ')}}.`,
    )
  const read = async ([path, source]: [string, FileSource]) => ({ path, data: await readFile(path, source) })
  return Promise.all(Object.entries(given).map(read))
}

const logLevels = ['verbose', 'info', 'warning', 'error', 'fatal'] as const

const webgpuEntry = "For 'webgpu' import it from 'onnxruntime-web/webgpu'."

/**
 * Whether the WebGPU provider ignores the device. That of the default entry does so silently, and buffers of another
 * device would give wrong results. It is detected by the read-only adapter that it leaves in `env` (1.30).
 */
function ignoresDevice(ort: OnnxRuntime, device: GPUDevice): boolean {
  const { webgpu } = ort.env
  const adapter = Object.getOwnPropertyDescriptor(webgpu, 'adapter')
  return adapter?.writable === false && (webgpu as { device: unknown }).device !== device
}

/** A loaded model, created by `createOnnxSession` and run by the denoiser, decoder or encoder created from it. */
export class OnnxSession {
  #failure: Error | undefined
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

  /** Starts `work`, which may call `run`, when no session is running. Rejects with DestroyedError. */
  whenFree<Result>(work: () => Promise<Result>): Promise<Result> {
    requireFunction('work', work)
    return oneAtATime(() => {
      if (this.#destroyed) throw new DestroyedError('The ONNX session was destroyed.')
      return work()
    })
  }

  /** Runs the network. Call it inside `whenFree` only. `outputs` holds a tensor to write to, or null for a new one. */
  async run(
    inputs: Readonly<Record<string, Ort.Tensor>>,
    outputs: Readonly<Record<string, Ort.Tensor | null>>,
  ): Promise<Ort.InferenceSession.ReturnType> {
    // After a failed run, onnxruntime-web 1.30 reuses the buffers of that run and ignores new inputs.
    if (this.#failure && this.device)
      throw new OnnxRuntimeError('An earlier run of this session failed; create the session anew.', {
        cause: this.#failure,
      })
    try {
      return await this.session.run(inputs, outputs)
    } catch (error) {
      this.#failure = error as Error
      throw new OnnxRuntimeError(`onnxruntime-web could not run the model: ${this.#failure.message}`, { cause: error })
    }
  }

  /** Frees the model after the runs in progress. Idempotent. */
  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    await oneAtATime(() => this.session.release())
  }

  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void {
    void this.destroy()
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
