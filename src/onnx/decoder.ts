import { requireOptions } from '../checks'
import { dispose } from '../dispose'
import { createNetwork } from './create_network'
import { type AnyTensor, type Network, requireTokensOf } from './network'
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
  /** Frees the GPU buffers after the runs in progress; the session stays. Idempotent. */
  destroy(): void
  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void
}

/**
 * Creates a decoder from an ONNX model: tokens int32 [B, N] → an image batch float32 [B, …]. If the session is on the
 * GPUDevice of the tokens, only the images are copied to the host.
 *
 * @throws OptionError or DtypeError if the model has no such input and output. A call rejects with DeviceMismatchError,
 *   DestroyedError, ShapeError or DtypeError before any work, or with OnnxRuntimeError.
 */
export function createOnnxDecoder(options: { session: OnnxSession; input?: string; output?: string }): OnnxDecoder {
  const { session, input = 'codes', output = 'rgba' } = requireOptions('createOnnxDecoder', options)
  requireSession(session)
  const tokensAxes = session.inputShape(input, 'int32')
  session.requireOutput(output)
  let batch: { tokensShape: readonly number[]; network: Network } | undefined

  function begin(tokens: AnyTensor) {
    requireFit(input, tokensAxes, tokens.shape)
    const network = createNetwork(session, { tokens: { name: input, shape: tokens.shape }, inputs: {}, output })
    return { tokensShape: tokens.shape, network }
  }

  async function decode(tokens: AnyTensor): Promise<OnnxImage> {
    requireTokensOf(session, 'tokens', tokens)
    const { image, shape } = await session.whenFree(async () => {
      if (batch?.tokensShape.join() !== tokens.shape.join()) {
        const next = begin(tokens)
        batch?.network.destroy()
        batch = next
      }
      const { network } = batch!
      await network.setTokens(tokens)
      const shape = await network.run()
      // Not awaited: other runs may start while the image is copied.
      return { image: network.onHost(), shape }
    })
    return { data: await image, shape }
  }

  const destroy = () => {
    // Queued, since a run in progress may use the buffers.
    void oneAtATime(async () => {
      batch?.network.destroy()
      batch = undefined
    })
  }
  return Object.assign(decode, { destroy, [dispose]: destroy })
}
