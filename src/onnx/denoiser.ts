import { requireBoolean, requireInteger, requireOptions, requireSignal } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { ShapeError } from '../errors'
import { GpuTensor } from '../gpu/tensor'
import type { Names } from '../option_names'
import type { DenoiserInput } from '../pipeline/options'
import { batchInput, batchParts, type OnnxConditioning, typeOf } from './conditioning'
import { createNetwork } from './create_network'
import { destroyable } from './destroyable'
import { type AnyTensor, type Network, requireTokensOf } from './network'
import { oneAtATime } from './queue'
import { type OnnxSession, requireSession } from './session'
import { batchShape, requireFit } from './shapes'

/** A `Denoiser` for the pipelines of both schedulers. */
export interface OnnxDenoiser {
  (input: DenoiserInput<GpuTensor, OnnxConditioning | undefined>): Promise<GpuTensor<'f32'>>
  (input: DenoiserInput<CpuTensor, OnnxConditioning | undefined>): Promise<CpuTensor<Float32Array>>
  (input: DenoiserInput<AnyTensor, OnnxConditioning | undefined>): Promise<AnyTensor>
  /** Frees the GPU buffers after the run in progress; the session stays. Later calls reject with DestroyedError. Idempotent. */
  destroy(): void
  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void
}

/** Names of the values that a denoiser is called with. */
const inputNames = {
  sample: true,
  timestep: true,
  guided: true,
  conditioning: true,
  signal: true,
} satisfies Names<DenoiserInput<unknown, unknown>>

/** The network with the inputs that stay the same at all steps of a chain. */
interface Chain {
  readonly conditioning: OnnxConditioning | undefined
  readonly guided: boolean
  readonly sampleShape: readonly number[]
  readonly rows: number
  readonly network: Network
}

/**
 * Creates a denoiser from an ONNX model. The model takes the sample, int32 [B, N], the timestep, int32 [B], and the
 * inputs that the conditioning names, each [B, …]; it returns raw logits, float32 [B, N, K] or [B, K, N].
 *
 * If the session is on the scheduler's GPUDevice, sample and logits stay on the GPU: buffers are created at the first
 * step of a chain, and the logits are the same tensor at every step. Otherwise both are copied. Logits are valid until
 * the next call.
 *
 * @throws OptionError or DtypeError if the model has no such inputs and output. A call rejects with
 *   DeviceMismatchError, ShapeError, DtypeError or OptionError before any work, with ShapeError for logits of another
 *   shape, with OnnxRuntimeError, or with the signal's reason.
 */
export function createOnnxDenoiser(options: {
  session: OnnxSession
  sampleInput?: string
  timestepInput?: string
  output?: string
}): OnnxDenoiser {
  const names = { session: true, sampleInput: true, timestepInput: true, output: true } as const
  const given = requireOptions('createOnnxDenoiser', options, names)
  const { session, sampleInput = 'x_t', timestepInput = 't', output = 'logits' } = given
  requireSession(session)
  const sampleAxes = session.inputShape(sampleInput, 'int32')
  const timestepAxes = session.inputShape(timestepInput, 'int32')
  session.requireOutput(output)
  const conditionNames = session.inputNames.filter((name) => name !== sampleInput && name !== timestepInput)
  let chain: Chain | undefined

  function begin({ sample, guided, conditioning }: DenoiserInput<AnyTensor, OnnxConditioning | undefined>): Chain {
    const parts = batchParts(conditioning, conditionNames, guided)
    const [batchSize = 0, numPixels = 0] = sample.shape
    const rows = parts.length * batchSize
    requireFit(sampleInput, sampleAxes, [rows, numPixels])
    const timestep = { type: 'int32', shape: batchShape(timestepInput, timestepAxes, rows) } as const
    const conditions = conditionNames.map((name) => {
      const given = parts.map((part) => part[name]!)
      const type = typeOf(name, given)
      const shape = batchShape(name, session.inputShape(name, type), rows)
      return { name, type, shape, values: batchInput(name, given, shape) }
    })
    const network = createNetwork(session, {
      tokens: { name: sampleInput, shape: [rows, numPixels] },
      inputs: { [timestepInput]: timestep, ...Object.fromEntries(conditions.map((input) => [input.name, input])) },
      output,
    })
    for (const { name, values } of conditions) network.set(name, values)
    return { conditioning, guided, sampleShape: sample.shape, rows, network }
  }

  async function denoise(
    given: DenoiserInput<AnyTensor, OnnxConditioning | undefined>,
    requireAlive: () => void,
  ): Promise<AnyTensor> {
    const input = requireOptions('a denoiser', given, inputNames)
    const { sample, timestep, guided, signal } = input
    requireTokensOf(session, 'sample', sample)
    requireInteger('timestep', timestep, 0)
    requireBoolean('guided', guided)
    requireSignal(signal)
    return session.whenFree(async () => {
      requireAlive()
      signal?.throwIfAborted()
      if (!chain || !continues(chain, input)) {
        const next = begin(input)
        chain?.network.destroy()
        chain = next
      }
      const { network, rows } = chain
      network.set(timestepInput, new Int32Array(rows).fill(timestep))
      await network.setTokens(sample)
      const shape = await network.run()
      signal?.throwIfAborted()
      requireLogits(output, shape, rows, sample.shape[1]!)
      if (sample instanceof GpuTensor) return network.onDevice(sample.device)
      return new CpuTensor(await network.onHost(), shape)
    })
  }

  const free = () => {
    // Queued, since a run in progress may use the buffers.
    void oneAtATime(async () => {
      chain?.network.destroy()
      chain = undefined
    })
  }
  return destroyable('denoiser', denoise, free) as OnnxDenoiser
}

function continues(
  chain: Chain,
  { conditioning, guided, sample }: DenoiserInput<AnyTensor, OnnxConditioning | undefined>,
) {
  const sameShape = chain.sampleShape.join() === sample.shape.join()
  return sameShape && chain.conditioning === conditioning && chain.guided === guided
}

/** Throws ShapeError unless these are logits of every row and pixel, in either layout. */
function requireLogits(name: string, shape: readonly number[], rows: number, numPixels: number): void {
  if (shape.length !== 3 || shape[0] !== rows || !shape.slice(1).includes(numPixels))
    throw new ShapeError(
      `The model's '${name}' needs the shape [${rows}, ${numPixels}, classes] or [${rows}, classes, ${numPixels}]; ` +
        `it gave [${shape.join(', ')}].`,
    )
}
