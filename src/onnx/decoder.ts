import { requireCleanTokens, requireInteger, requireOptions } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { TokenRangeError } from '../errors'
import { createNetwork } from './create_network'
import { destroyable } from './destroyable'
import { type AnyTensor, type Network, takeTokens } from './network'
import { oneAtATime } from './queue'
import { type OnnxSession, requireSession } from './session'
import { requireFit } from './shapes'

/** An image batch on the host, float32 in the model's shape. */
export interface OnnxImage {
  /** The values in row-major order. */
  readonly data: Float32Array
  /** Sizes of the axes, for instance [B, channels, height, width]. */
  readonly shape: readonly number[]
}

/** A `Decoder` for the pipelines of both schedulers. */
export interface OnnxDecoder {
  (tokens: AnyTensor): Promise<OnnxImage>
  /** Frees the GPU buffers after the run in progress; the session stays. Later calls reject with DestroyedError. Idempotent. */
  destroy(): void
  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void
}

/**
 * Creates a decoder from an ONNX model: tokens int32 [B, N] → an image batch float32 [B, …]. If the session is on the
 * GPUDevice of the tokens, only the images are copied to the host.
 *
 * @param options.numCodes K of the scheduler. With it, tokens are checked before they are decoded, for which those on a
 *   GPU are copied to the host. Without it, WebAssembly refuses a mask, and WebGPU draws something for it.
 * @throws OptionError or DtypeError if the model has no such input and output. A call rejects with DeviceMismatchError,
 *   DestroyedError, ShapeError or DtypeError before any work, with TokenRangeError, or with OnnxRuntimeError.
 */
export function createOnnxDecoder(options: {
  session: OnnxSession
  input?: string
  output?: string
  numCodes?: number
}): OnnxDecoder {
  const names = { session: true, input: true, output: true, numCodes: true } as const
  const { session, input = 'codes', output = 'rgba', numCodes } = requireOptions('createOnnxDecoder', options, names)
  requireSession(session)
  if (numCodes !== undefined) requireInteger('numCodes', numCodes, 1)
  const tokensAxes = session.inputShape(input, 'int32')
  session.requireOutput(output)
  let batch: { tokensShape: readonly number[]; network: Network } | undefined

  function begin(tokens: AnyTensor) {
    requireFit(input, tokensAxes, tokens.shape)
    const network = createNetwork(session, { tokens: { name: input, shape: tokens.shape }, inputs: {}, output })
    return { tokensShape: tokens.shape, network }
  }

  async function decode(given: AnyTensor, requireAlive: () => void): Promise<OnnxImage> {
    const tokens = takeTokens(session, 'tokens', given)
    if (numCodes !== undefined)
      requireCleanTokens('A decoder', tokens instanceof CpuTensor ? tokens.data : await tokens.read(), numCodes)
    const { image, shape } = await session.whenFree(async () => {
      requireAlive()
      if (batch?.tokensShape.join() !== tokens.shape.join()) {
        const next = begin(tokens)
        batch?.network.destroy()
        batch = next
      }
      const { network } = batch!
      await network.setTokens(tokens)
      const shape = await network.run().catch(refuseMask)
      // Not awaited: other runs may start while the image is copied.
      return { image: network.onHost(), shape }
    })
    return { data: await image, shape }
  }

  const free = () => {
    // Queued, since a run in progress may use the buffers.
    void oneAtATime(async () => {
      batch?.network.destroy()
      batch = undefined
    })
  }
  return destroyable('decoder', decode, free)
}

/** Names the token that is none of the codebook's. Only WebAssembly checks the indices of Gather. */
function refuseMask(error: Error): never {
  const [, token, last] = /idx=(-?\d+) must be within the inclusive range \[-?\d+,(\d+)\]/.exec(error.message) ?? []
  if (token === undefined) throw error
  throw new TokenRangeError(
    `A decoder needs clean tokens, from 0 to ${last}; given ${token}. Tokens amid a chain hold masks: decode its ` +
      'predOriginalSample, or the tokens of the last step.',
    { cause: error },
  )
}
