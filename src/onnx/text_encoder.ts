import { requireOptions } from '../checks'
import { DtypeError, ShapeError } from '../errors'
import { arrayClass } from '../typed_arrays'
import { shapeText, valueText } from '../value_text'
import { type OnnxSession, requireSession } from './session'
import type { TextEmbeddings } from './text_embeddings'

/**
 * Encodes the tokens of prompts, int32 [prompts · tokens], to the hidden states of the last layer, f32
 * [prompts, tokens, features] on the host, which are not normalised.
 */
export type OnnxTextEncoder = (ids: Int32Array) => Promise<TextEmbeddings>

/**
 * Creates a text encoder from an ONNX model, such as CLIP's: tokens int32 [B, L] → hidden states float32 [B, L, H].
 * Tokens and states are on the host, whatever the session's provider.
 *
 * @throws OptionError or DtypeError if the model has no such input and output, ShapeError if L is free. A call rejects
 *   with DtypeError or ShapeError before any work, or with OnnxRuntimeError.
 */
export function createOnnxTextEncoder(options: {
  session: OnnxSession
  input?: string
  output?: string
}): OnnxTextEncoder {
  const names = { session: true, input: true, output: true } as const
  const given = requireOptions('createOnnxTextEncoder', options, names)
  const { session, input = 'input_ids', output = 'last_hidden_state' } = given
  requireSession(session)
  const axes = session.inputShape(input, 'int32')
  session.requireOutput(output)
  const [, length] = axes
  if (axes.length !== 2 || typeof length !== 'number' || length < 1)
    throw new ShapeError(
      `The model's '${input}' needs the shape [prompts, tokens], the number of tokens fixed; it has ${shapeText(axes)}.`,
    )
  return async (ids) => {
    if (arrayClass(ids) !== 'Int32Array')
      throw new DtypeError(`The tokens of prompts need to be an Int32Array; given ${valueText(ids)}.`)
    if (ids.length === 0 || ids.length % length !== 0)
      throw new ShapeError(`The tokens of prompts need to be ${length} for each; given ${ids.length}.`)
    // Copied, since the run may begin later.
    const data = ids.slice()
    return session.whenFree(async () => {
      const tokens = new session.ort.Tensor('int32', data, [data.length / length, length])
      const states = (await session.run({ [input]: tokens }, { [output]: null }))[output]!
      const { dims } = states
      // `true` also frees the tensor.
      return { data: (await states.getData(true)) as Float32Array, shape: dims }
    })
  }
}
