import type * as Ort from 'onnxruntime-web'
import { requireOptions } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { type OnnxSession, requireSession } from './session'
import { type Axis, floatsOf, type HostFloats, requireFinite, requireFit } from './shapes'

/**
 * Encodes an image batch to its nearest tokens, u32 [B, N] on the host. `uploadTokens` of both schedulers takes their
 * `data`.
 */
export interface OnnxEncoder {
  (image: HostFloats): Promise<CpuTensor<Uint32Array>>
  /** The declared shape of the images, for instance ['batch', 3, 256, 256]. */
  readonly inputShape: readonly Axis[]
}

/**
 * Creates an encoder from an ONNX model: an image batch float32 [B, …] → tokens int32 [B, N]. Images and tokens are on
 * the host, whatever the session's provider.
 *
 * @throws OptionError or DtypeError if the model has no such input and output. A call rejects with OptionError,
 *   DtypeError, ShapeError or ImageValueError before any work, or with OnnxRuntimeError.
 */
export function createOnnxEncoder(options: { session: OnnxSession; input?: string; output?: string }): OnnxEncoder {
  const names = { session: true, input: true, output: true } as const
  const { session, input = 'rgba', output = 'codes' } = requireOptions('createOnnxEncoder', options, names)
  requireSession(session)
  const imageAxes = session.inputShape(input, 'float32')
  session.requireOutput(output, 'int32')
  const encode = async (images: HostFloats) => {
    // Copied, since the run may begin later.
    const data = new Float32Array(floatsOf('An image', images))
    const shape = [...images.shape]
    requireFinite('An image', data)
    requireFit(input, imageAxes, shape)
    const { codes, dims } = await session.whenFree(async () => {
      const image = new session.ort.Tensor('float32', data, shape)
      const results = await session.run({ [input]: image }, { [output]: null })
      const tokens: Ort.Tensor = results[output]!
      // `true` also frees the tensor.
      return { codes: (await tokens.getData(true)) as Int32Array, dims: tokens.dims }
    })
    return new CpuTensor(Uint32Array.from(codes), dims)
  }
  return Object.assign(encode, { inputShape: imageAxes })
}
