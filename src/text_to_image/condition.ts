import { requireInteger } from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { OnnxConditioning } from '../onnx/conditioning'
import { arrayClass } from '../typed_arrays'
import { valueText } from '../value_text'
import type { PictureOptions } from './options'
import type { Classes, PipelineParts } from './parts'
import type { TextStates } from './text_states'
import type { EncodedPrompt } from './word_tokenizer'

/** What the images of a call show: prompts, classes, or nothing in particular. Checked. */
export interface Condition {
  /** Prompts or classes. */
  readonly count: number
  /** For each, the words that the tokenizer ignored. */
  readonly ignored: readonly (readonly string[])[]
  /** Whether the network knows what to draw without a condition, which guidance needs. */
  readonly guidable: boolean
  /**
   * The inputs of the network for a batch, images of one prompt or class adjacent. Rejects as the text encoder does.
   *
   * @param size a multiple of `count`
   * @param guided whether the inputs without the condition are needed
   */
  inputs(size: number, guided: boolean): Promise<OnnxConditioning | undefined>
}

/** The parts of a pipeline that read conditions. */
export interface ConditionParts
  extends Pick<PipelineParts, 'tokenizer' | 'unconditionalText' | 'classes' | 'textInput'> {
  /** Of the text encoder, if there is one. */
  readonly states: TextStates | undefined
}

/** Checks and tokenizes what a call draws. Throws OptionError. */
export function conditionOf(
  prompt: string | readonly string[],
  options: Pick<PictureOptions, 'negativePrompt' | 'style' | 'classLabel'>,
  parts: ConditionParts,
): Condition {
  const { negativePrompt = '', style, classLabel } = options
  const prompts = requirePrompts('prompt', prompt)
  const negative = requirePrompts('negativePrompt', negativePrompt)
  if (negative.length !== 1 && negative.length !== prompts.length)
    throw new OptionError(
      `negativePrompt needs one prompt, or one for each of the ${prompts.length}; given ${negative.length}.`,
    )
  if (!parts.classes && classLabel !== undefined)
    throw new OptionError(`This model has no classes: it needs no classLabel; given ${valueText(classLabel)}.`)
  if (parts.tokenizer) return textCondition(prompts, negative, style, parts)
  if ([...prompts, ...negative].some(Boolean) || style !== undefined)
    throw new OptionError(
      parts.classes
        ? 'This model draws classes: it needs a classLabel and an empty prompt, without a style.'
        : 'This pipeline has no tokenizer: it needs an empty prompt, without a style.',
    )
  if (parts.classes) return classCondition(prompts, classLabel, parts.classes)
  const ignored = prompts.map(() => [])
  return { count: prompts.length, ignored, guidable: true, inputs: async () => undefined }
}

function textCondition(
  prompts: readonly string[],
  negative: readonly string[],
  style: string | undefined,
  { tokenizer, textInput, states, unconditionalText }: ConditionParts,
): Condition {
  const encoded = prompts.map((text) => tokenizer!.encode(text, { style }))
  const unwanted = negative.map((text) => tokenizer!.encode(text, {}))
  requireEqualIds([...encoded, ...unwanted])
  const name = textInput ?? (states ? 'encoder_hidden_states' : 'text')
  const idsOf = (texts: readonly EncodedPrompt[]) => texts.map(({ ids }) => ids)
  const empty = unconditionalText && tokenizer!.encode('', {}).ids.join()
  /** The states of texts, of which no text has the learned ones. */
  const statesOf = async (all: readonly Int32Array[]) => {
    const spoken = await states!.of(all.filter((ids) => ids.join() !== empty))
    const next = spoken.values()
    const learned = unconditionalText?.data as Float32Array
    return all.map((ids) => (ids.join() === empty ? learned : next.next().value!))
  }
  async function inputs(size: number, guided: boolean): Promise<OnnxConditioning> {
    if (!states)
      return {
        conditional: { [name]: repeat(Int32Array, idsOf(encoded), size) },
        unconditional: { [name]: repeat(Int32Array, idsOf(unwanted), size) },
      }
    const [wanted, others] = await Promise.all([states.of(idsOf(encoded)), guided ? statesOf(idsOf(unwanted)) : []])
    requireEqualStates([...wanted, ...others])
    return {
      conditional: { [name]: repeat(Float32Array, wanted, size) },
      ...(guided && { unconditional: { [name]: repeat(Float32Array, others, size) } }),
    }
  }
  return { count: prompts.length, ignored: encoded.map(({ ignored }) => ignored), guidable: true, inputs }
}

function classCondition(
  prompts: readonly string[],
  classLabel: number | readonly number[] | undefined,
  { count, unconditional }: Classes,
): Condition {
  // A copy by Array.from has no holes, which `forEach` would skip.
  const labels: readonly unknown[] = Array.isArray(classLabel) ? Array.from(classLabel) : [classLabel]
  for (const label of labels) requireInteger('classLabel', label, 0, count - 1, 'the last class')
  if (labels.length === 0 || (prompts.length !== 1 && prompts.length !== labels.length))
    throw new OptionError(
      `classLabel needs a class, or a list with one for each image that is to be drawn; given ${valueText(classLabel)}.`,
    )
  const inputs = async (size: number): Promise<OnnxConditioning> => {
    const item = (label: unknown) => Int32Array.of(label as number)
    const guidance = unconditional !== undefined && {
      unconditional: { class: repeat(Int32Array, [item(unconditional)], size) },
    }
    return { conditional: { class: repeat(Int32Array, labels.map(item), size) }, ...guidance }
  }
  return { count: labels.length, ignored: labels.map(() => []), guidable: unconditional !== undefined, inputs }
}

function requirePrompts(name: string, given: unknown): readonly string[] {
  // A copy by Array.from has no holes, which `filter` would skip.
  const prompts: readonly unknown[] = Array.isArray(given) ? Array.from(given) : [given]
  const wrong = prompts.filter((prompt) => typeof prompt !== 'string')
  if (prompts.length === 0 || wrong.length > 0)
    throw new OptionError(
      `${name} needs to be a string or a list of strings; given ${prompts.length === 0 ? 'an empty list' : valueText(wrong[0])}.`,
    )
  return prompts as readonly string[]
}

/** Throws OptionError unless the tokenizer gave int32 tokens, equally many for each prompt. */
function requireEqualIds(encoded: readonly EncodedPrompt[]): void {
  for (const result of encoded)
    if (arrayClass(result?.ids) !== 'Int32Array' || result.ids.length !== encoded[0]!.ids.length)
      throw new OptionError(
        'The tokenizer needs to give { ids, ignored } for a prompt, ids an Int32Array and of one length for all; ' +
          `given ${valueText(result?.ids ?? result)}.`,
      )
}

/** Throws ShapeError unless all texts have as many states; the learned ones may be those of another model. */
function requireEqualStates(states: readonly Float32Array[]): void {
  const other = states.find(({ length }) => length !== states[0]!.length)
  if (other)
    throw new ShapeError(
      `The states of a text without a condition need ${states[0]!.length} values, as those of a prompt; given ${other.length}.`,
    )
}

/** One array of `size` items: each of the given ones equally often, its copies adjacent. */
function repeat<Values extends Int32Array | Float32Array>(
  type: new (length: number) => Values,
  items: readonly Values[],
  size: number,
): Values {
  const { length } = items[0]!
  const all = new type(size * length)
  for (let i = 0; i < size; i++) all.set(items[Math.floor((i * items.length) / size)]!, i * length)
  return all
}
