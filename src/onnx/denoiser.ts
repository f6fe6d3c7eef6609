import { requireSample } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { dispose } from '../dispose'
import { ShapeError } from '../errors'
import { GpuTensor } from '../gpu/tensor'
import type { DenoiserInput } from '../pipeline/options'
import { batchInput, batchParts, type OnnxConditioning, typeOf } from './conditioning'
import { type AnyTensor, createNetwork, type Network, requireDevice } from './network'
import { oneAtATime } from './queue'
import type { OnnxSession } from './session'
import { batchShape, requireFit } from './shapes'

/** A pipeline's denoiser, for either scheduler. */
export interface OnnxDenoiser {
  (input: DenoiserInput<GpuTensor, OnnxConditioning>): Promise<GpuTensor<'f32'>>
  (input: DenoiserInput<CpuTensor, OnnxConditioning>): Promise<CpuTensor<Float32Array>>
  /** Frees the GPU buffers, after the runs under way; the session stays. Idempotent. */
  destroy(): void
  [dispose](): void
}

/** What stays the same at all steps of a picture. */
interface Picture {
  readonly conditioning: OnnxConditioning
  readonly guided: boolean
  readonly sampleShape: readonly number[]
  readonly rows: number
  readonly network: Network
}

/**
 * A denoiser that runs the transformer of an ONNX model.
 *
 * The model takes the sample, int32 [B, N], the timestep, int32 [B], and the inputs that the conditioning names, each
 * [B, …]; it gives raw logits, float32 [B, N, K] or [B, K, N]. With the session on the scheduler's GPUDevice sample and
 * logits never leave the GPU: buffers are made at a picture's first step only, and the logits are the same tensor at
 * every step. Otherwise both are copied. Logits are valid until the next call.
 *
 * @throws OptionError, DtypeError if the model has no such inputs and output. A call rejects with DeviceMismatchError,
 *   ShapeError, DtypeError or OptionError before any work, with ShapeError for logits of another shape, with
 *   OnnxRuntimeError, or with the signal's reason.
 */
export function createOnnxDenoiser({
  session,
  sampleInput = 'x_t',
  timestepInput = 't',
  output = 'logits',
}: {
  session: OnnxSession
  sampleInput?: string
  timestepInput?: string
  output?: string
}): OnnxDenoiser {
  const sampleAxes = session.inputShape(sampleInput, 'int32')
  const timestepAxes = session.inputShape(timestepInput, 'int32')
  session.requireOutput(output)
  const conditionNames = session.inputNames.filter((name) => name !== sampleInput && name !== timestepInput)
  let picture: Picture | undefined

  function begin({ sample, guided, conditioning }: DenoiserInput<AnyTensor, OnnxConditioning>): Picture {
    const parts = batchParts(conditioning, conditionNames, guided)
    const { batchSize, numPixels } = requireSample('sample', sample)
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

  async function denoise(input: DenoiserInput<AnyTensor, OnnxConditioning>): Promise<AnyTensor> {
    const { sample, timestep, signal } = input
    requireDevice(session, 'sample', sample)
    return session.whenFree(async () => {
      signal?.throwIfAborted()
      if (!picture || !continues(picture, input)) {
        const next = begin(input)
        picture?.network.destroy()
        picture = next
      }
      const { network, rows } = picture
      network.set(timestepInput, new Int32Array(rows).fill(timestep))
      await network.setTokens(sample)
      const shape = await network.run()
      signal?.throwIfAborted()
      requireLogits(output, shape, rows, sample.shape[1]!)
      if (sample instanceof GpuTensor) return network.onDevice(sample.device)
      return new CpuTensor(await network.onHost(), shape)
    })
  }

  const destroy = () => {
    // Not under a run that uses the buffers.
    void oneAtATime(async () => {
      picture?.network.destroy()
      picture = undefined
    })
  }
  return Object.assign(denoise as OnnxDenoiser, { destroy, [dispose]: destroy })
}

function continues(picture: Picture, { conditioning, guided, sample }: DenoiserInput<AnyTensor, OnnxConditioning>) {
  const sameShape = picture.sampleShape.join() === sample.shape.join()
  return sameShape && picture.conditioning === conditioning && picture.guided === guided
}

/** Throws ShapeError unless these are logits of every row and pixel, in either layout. */
function requireLogits(name: string, shape: readonly number[], rows: number, numPixels: number): void {
  if (shape.length !== 3 || shape[0] !== rows || !shape.slice(1).includes(numPixels))
    throw new ShapeError(
      `The model's '${name}' needs the shape [${rows}, ${numPixels}, classes] or [${rows}, classes, ${numPixels}]; ` +
        `it gave [${shape.join(', ')}].`,
    )
}
