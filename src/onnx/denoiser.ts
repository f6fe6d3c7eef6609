import { requireBoolean, requireInteger, requireMethod, requireOptions, requireSignal } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { ShapeError } from '../errors'
import { GpuTensor } from '../gpu/tensor'
import type { Names } from '../option_names'
import type { DenoiserInput } from '../pipeline/options'
import { batchInput, batchParts, copyConditioning, type OnnxConditioning, typeOf } from './conditioning'
import { createNetwork } from './create_network'
import { destroyable } from './destroyable'
import { type AnyTensor, type Network, type NetworkArray, type Signature, takeTokens } from './network'
import { oneAtATime } from './queue'
import { type OnnxSession, requireSession } from './session'
import { batchShape, requireFit } from './shapes'

/** A `Denoiser` for the pipelines of both schedulers. */
export interface OnnxDenoiser {
  (input: DenoiserInput<GpuTensor, OnnxConditioning | undefined>): Promise<GpuTensor<'f32'>>
  (input: DenoiserInput<CpuTensor, OnnxConditioning | undefined>): Promise<CpuTensor<Float32Array>>
  (input: DenoiserInput<AnyTensor, OnnxConditioning | undefined>): Promise<AnyTensor>
  /**
   * Frees the GPU buffers of all chains after the run in progress; the session stays. Later calls reject with
   * DestroyedError. Idempotent.
   */
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
  ended: true,
} satisfies Names<DenoiserInput<unknown, unknown>>

type Input = DenoiserInput<AnyTensor, OnnxConditioning | undefined>

/** What stays the same at all steps of a chain. */
interface Chain {
  readonly sampleShape: string
  /** Copied when the chain begins. */
  readonly conditioning: OnnxConditioning | undefined
  /** Of its guided steps (true) and of its others (false), once it has had one. */
  readonly inputs: Map<boolean, ChainInputs>
}

/** What stays the same at all guided steps of a chain, or at all others. */
interface ChainInputs {
  readonly guided: boolean
  readonly signature: Signature
  /** The conditioning by the names of the inputs, for the whole batch. */
  readonly conditions: Readonly<Record<string, NetworkArray>>
}

/** A network that holds inputs of a chain. */
interface ChainNetwork {
  readonly inputs: ChainInputs
  readonly network: Network
}

/**
 * Creates a denoiser from an ONNX model. The model takes the sample, int32 [B, N], the timestep, int32 [B], and the
 * inputs that the conditioning names, each [B, …]; it returns raw logits, float32 [B, N, K] or [B, K, N].
 *
 * If the session is on the scheduler's GPUDevice, sample and logits stay on the GPU: buffers are created at the first
 * step of a chain, with a guidance interval at its first guided step and at its first other one, and freed at its end. The
 * logits are the same tensor at all steps of a kind. Otherwise both are copied.
 * Logits are valid until the next call for the same chain, at most until its end. Chains may run at the same time.
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
  const chains = new WeakMap<Promise<void>, Chain>()
  /** By the `ended` of their chains, undefined for calls outside of chains; then by whether they are guided. */
  const networks = new Map<Promise<void> | undefined, Map<boolean, ChainNetwork>>()

  /** The inputs of the chain that the call belongs to. A call outside of chains is a chain of its own. */
  function inputsOf(input: Input): ChainInputs {
    const { ended, guided, sample, conditioning } = input
    if (!ended) return makeInputs(input)
    const sampleShape = sample.shape.join()
    const known = chains.get(ended)
    const chain =
      known?.sampleShape === sampleShape
        ? known
        : { sampleShape, conditioning: copyConditioning(conditioning), inputs: new Map<boolean, ChainInputs>() }
    const inputs = chain.inputs.get(guided) ?? makeInputs({ ...input, conditioning: chain.conditioning })
    chain.inputs.set(guided, inputs)
    chains.set(ended, chain)
    return inputs
  }

  function makeInputs({ sample, guided, conditioning }: Input): ChainInputs {
    const parts = batchParts(conditioning, conditionNames, guided)
    const [batchSize = 0, numPixels = 0] = sample.shape
    const rows = parts.length * batchSize
    requireFit(sampleInput, sampleAxes, [rows, numPixels])
    const inputs: Record<string, Signature['inputs'][string]> = {
      [timestepInput]: { type: 'int32', shape: batchShape(timestepInput, timestepAxes, rows) },
    }
    const conditions: Record<string, NetworkArray> = {}
    for (const name of conditionNames) {
      const given = parts.map((part) => part[name]!)
      const type = typeOf(name, given)
      const shape = batchShape(name, session.inputShape(name, type), rows)
      inputs[name] = { type, shape }
      conditions[name] = batchInput(name, given, type, shape)
    }
    const signature = { tokens: { name: sampleInput, shape: [rows, numPixels] }, inputs, output }
    return { guided, signature, conditions }
  }

  /** The network of the steps of a kind of a chain, holding these inputs. It is freed when the chain has ended. */
  function networkOf(ended: Promise<void> | undefined, inputs: ChainInputs): Network {
    const known = networks.get(ended)
    const kinds = known ?? new Map<boolean, ChainNetwork>()
    const current = kinds.get(inputs.guided)
    if (current?.inputs === inputs) return current.network
    const fits = current?.inputs.signature.tokens.shape.join() === inputs.signature.tokens.shape.join()
    const network = fits ? current!.network : createNetwork(session, inputs.signature)
    if (!fits) current?.network.destroy()
    kinds.set(inputs.guided, { inputs, network })
    networks.set(ended, kinds)
    if (ended && !known)
      ended.then(
        () => free([ended]),
        () => free([ended]),
      )
    for (const [name, values] of Object.entries(inputs.conditions)) network.set(name, values)
    return network
  }

  /** Queued, since a run in progress may use the buffers. */
  function free(chains: Iterable<Promise<void> | undefined>): void {
    void oneAtATime(async () => {
      for (const ended of chains) {
        for (const { network } of networks.get(ended)?.values() ?? []) network.destroy()
        networks.delete(ended)
      }
    })
  }

  async function denoise(given: Input, requireAlive: () => void): Promise<AnyTensor> {
    const input = requireOptions('a denoiser', given, inputNames)
    const { timestep, guided, ended, signal } = input
    const sample = takeTokens(session, 'sample', input.sample)
    requireInteger('timestep', timestep, 0)
    requireBoolean('guided', guided)
    requireSignal(signal)
    if (ended !== undefined) requireMethod('ended', ended, 'then', 'a Promise')
    const inputs = inputsOf(input)
    return session.whenFree(async () => {
      requireAlive()
      signal?.throwIfAborted()
      const network = networkOf(ended, inputs)
      const [rows = 0] = inputs.signature.tokens.shape
      network.set(timestepInput, new Int32Array(rows).fill(timestep))
      await network.setTokens(sample)
      const shape = await network.run()
      signal?.throwIfAborted()
      requireLogits(output, shape, rows, sample.shape[1]!)
      if (sample instanceof GpuTensor) return network.onDevice(sample.device)
      return new CpuTensor(await network.onHost(), shape)
    })
  }

  // An iterator of the map is live: it visits the networks that are there when the work begins.
  return destroyable('denoiser', denoise, () => free(networks.keys())) as OnnxDenoiser
}

/** Throws ShapeError unless these are logits of every row and pixel, in either layout. */
function requireLogits(name: string, shape: readonly number[], rows: number, numPixels: number): void {
  if (shape.length !== 3 || shape[0] !== rows || !shape.slice(1).includes(numPixels))
    throw new ShapeError(
      `The model's '${name}' needs the shape [${rows}, ${numPixels}, classes] or [${rows}, classes, ${numPixels}]; ` +
        `it gave [${shape.join(', ')}].`,
    )
}
