import { requireInteger, requireOptions } from '../checks'
import { ShapeError } from '../errors'
import { shapeText } from '../value_text'
import { floatsOf, type HostFloats } from './shapes'

/** Hidden states of a text encoder, on the host. */
export interface TextEmbeddings {
  /** The values in row-major order. */
  readonly data: Float32Array
  /** [prompts, tokens, features], or [tokens, features] for a table. */
  readonly shape: readonly number[]
}

/**
 * Divides the vector of every token by its L2 norm, as VQ-Diffusion does with the hidden states of CLIP's last layer
 * (docs/MATH.md#pipeline). Throws OptionError, DtypeError, or ShapeError unless the shape is [prompts, tokens, features]
 * and fits the data.
 */
export function normaliseTextEmbeddings(hidden: HostFloats): TextEmbeddings {
  const { data, shape } = requireEmbeddings('The hidden states', hidden, 3)
  const [, , features = 0] = shape
  const normalised = new Float32Array(data.length)
  for (let start = 0; start < data.length; start += features) {
    const vector = data.subarray(start, start + features)
    const norm = Math.hypot(...vector)
    normalised.set(
      vector.map((value) => value / norm),
      start,
    )
  }
  return { data: normalised, shape }
}

/**
 * The text conditioning of a batch: the normalised states of every prompt, repeated for each of its images; with
 * guidance the unconditional states of the whole batch come first (docs/MATH.md#pipeline).
 *
 * @param hidden states of the prompts, [prompts, tokens, features]
 * @param unconditional for guidance: the learned table [tokens, features], which is not normalised, or the states of
 *   the empty or negative prompts [1 or prompts, tokens, features], which are
 * @returns [B or 2B, tokens, features] with B = prompts × images
 * @throws OptionError, DtypeError, ShapeError
 */
export function conditionText(
  hidden: HostFloats,
  options: { imagesPerPrompt?: number; unconditional?: HostFloats } = {},
): TextEmbeddings {
  const names = { imagesPerPrompt: true, unconditional: true } as const
  const { imagesPerPrompt = 1, unconditional } = requireOptions('conditionText', options, names)
  requireInteger('imagesPerPrompt', imagesPerPrompt, 1)
  const [prompts = 0, tokens = 0, features = 0] = requireEmbeddings('The hidden states', hidden, 3).shape
  const batch = prompts * imagesPerPrompt
  const conditional = repeatItems(normaliseTextEmbeddings(hidden).data, prompts, batch)
  if (unconditional === undefined) return { data: conditional, shape: [batch, tokens, features] }
  const learned = unconditional?.shape?.length === 2
  const negative = requireEmbeddings('The unconditional states', unconditional, learned ? 2 : 3)
  const sizes = negative.shape
  const items = learned ? 1 : sizes[0]!
  if (sizes.at(-2) !== tokens || sizes.at(-1) !== features || (items !== 1 && items !== prompts))
    throw new ShapeError(
      `The unconditional states need the shape [${tokens}, ${features}], [1, …] or [${prompts}, …]; given [${sizes.join(', ')}].`,
    )
  const source = learned ? negative : normaliseTextEmbeddings(negative)
  const data = new Float32Array(2 * conditional.length)
  data.set(repeatItems(source.data, items, batch))
  data.set(conditional, conditional.length)
  return { data, shape: [2 * batch, tokens, features] }
}

/** Repeats each item equally often up to the batch size; copies of an item are adjacent. */
function repeatItems(data: Float32Array, items: number, batch: number): Float32Array {
  const size = data.length / items
  const repeated = new Float32Array(size * batch)
  for (let i = 0; i < batch; i++) {
    const item = Math.floor((i * items) / batch)
    repeated.set(data.subarray(item * size, (item + 1) * size), i * size)
  }
  return repeated
}

function requireEmbeddings(name: string, embeddings: HostFloats, axes: number): TextEmbeddings {
  const data = floatsOf(name, embeddings)
  const { shape } = embeddings
  if (shape.length !== axes)
    throw new ShapeError(
      `${name} need ${axes === 2 ? '[tokens, features]' : '[prompts, tokens, features]'}; given ${shapeText(shape)}.`,
    )
  return { data, shape }
}
