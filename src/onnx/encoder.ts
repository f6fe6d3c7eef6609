import type * as Ort from 'onnxruntime-web'
import { CpuTensor } from '../cpu/tensor'
import { ShapeError } from '../errors'
import { elementCount } from '../shapes'
import type { OnnxImage } from './decoder'
import type { OnnxSession } from './session'
import { requireFit } from './shapes'

/** From an image to its nearest tokens, u32 [B, N] on the host; `uploadTokens` of either scheduler takes their `data`. */
export type OnnxEncoder = (image: OnnxImage) => Promise<CpuTensor<Uint32Array>>

/**
 * An encoder that runs the other half of a model's autoencoder: an image float32 [B, …] → tokens int32 [B, N].
 *
 * Images come from the host and tokens go back to it, whatever the session computes on: an image is encoded once, and then
 * drawn on for many steps.
 *
 * @throws OptionError, DtypeError if the model has no such input and output. A call rejects with ShapeError before any
 *   work, or with OnnxRuntimeError.
 */
export function createOnnxEncoder({
  session,
  input = 'rgba',
  output = 'codes',
}: {
  session: OnnxSession
  input?: string
  output?: string
}): OnnxEncoder {
  const imageAxes = session.inputShape(input, 'float32')
  session.requireOutput(output, 'int32')
  return async ({ data, shape }) => {
    requireFit(input, imageAxes, shape)
    if (data.length !== elementCount(shape))
      throw new ShapeError(
        `An image of shape [${shape.join(', ')}] needs ${elementCount(shape)} values; given ${data.length}.`,
      )
    const { codes, dims } = await session.whenFree(async () => {
      const image = new session.ort.Tensor('float32', data, shape)
      const results = await session.run({ [input]: image }, { [output]: null })
      const tokens: Ort.Tensor = results[output]!
      // Wherever they lie; with `true` the tensor is freed.
      return { codes: (await tokens.getData(true)) as Int32Array, dims: tokens.dims }
    })
    return new CpuTensor(Uint32Array.from(codes), dims)
  }
}
