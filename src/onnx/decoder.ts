import { requireSample } from '../checks'
import { dispose } from '../dispose'
import { type AnyTensor, createNetwork, type Network, requireDevice } from './network'
import { oneAtATime } from './queue'
import type { OnnxSession } from './session'
import { requireFit } from './shapes'

/** Pixels on the host, in the model's shape. */
export interface OnnxImage {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** A pipeline's decoder, for either scheduler. */
export interface OnnxDecoder {
  (tokens: AnyTensor): Promise<OnnxImage>
  /** Frees the GPU buffers, after the runs under way; the session stays. Idempotent. */
  destroy(): void
  [dispose](): void
}

/**
 * A decoder that runs the autoencoder of an ONNX model: tokens int32 [B, N] → an image float32 [B, …].
 *
 * With the session on the GPUDevice of the tokens these are read where they lie; only the image is copied to the host.
 *
 * @throws OptionError, DtypeError if the model has no such input and output. A call rejects with DeviceMismatchError or
 *   ShapeError before any work, or with OnnxRuntimeError.
 */
export function createOnnxDecoder({
  session,
  input = 'codes',
  output = 'rgba',
}: {
  session: OnnxSession
  input?: string
  output?: string
}): OnnxDecoder {
  const tokensAxes = session.inputShape(input, 'int32')
  session.requireOutput(output)
  let batch: { tokensShape: readonly number[]; network: Network } | undefined

  function begin(tokens: AnyTensor) {
    requireSample('tokens', tokens)
    requireFit(input, tokensAxes, tokens.shape)
    const network = createNetwork(session, { tokens: { name: input, shape: tokens.shape }, inputs: {}, output })
    return { tokensShape: tokens.shape, network }
  }

  async function decode(tokens: AnyTensor): Promise<OnnxImage> {
    requireDevice(session, 'tokens', tokens)
    const { image, shape } = await session.whenFree(async () => {
      if (batch?.tokensShape.join() !== tokens.shape.join()) {
        const next = begin(tokens)
        batch?.network.destroy()
        batch = next
      }
      const { network } = batch!
      await network.setTokens(tokens)
      const shape = await network.run()
      // Not waited for here: other runs may go on while the image travels.
      return { image: network.onHost(), shape }
    })
    return { data: await image, shape }
  }

  const destroy = () => {
    // Not under a run that uses the buffers.
    void oneAtATime(async () => {
      batch?.network.destroy()
      batch = undefined
    })
  }
  return Object.assign(decode, { destroy, [dispose]: destroy })
}
