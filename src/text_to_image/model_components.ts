import {
  requireGuidanceInterval,
  requireInteger,
  requireLayout,
  requireNumber,
  requireObject,
  requireScale,
  requireString,
} from '../checks'
import { ConfigError, OptionError } from '../errors'
import { type ImageFormat, requireImageFormat } from '../onnx/images'
import type { ModelIndex } from '../onnx/model_index'
import type { Layout } from '../options'
import { valueText } from '../value_text'
import type { NetworkProvider } from './backend'
import type { PipelineDefaults } from './options'
import type { Classes } from './parts'

/** What this package reads of `model_index.json`. */
export interface ModelComponents {
  /** By what runs it. */
  readonly denoiser: Readonly<Record<NetworkProvider, string>>
  /** Undefined where the tokens are the result. */
  readonly decoder: string | undefined
  readonly encoder: string | undefined
  /** What turns prompts into tokens, or into the states of a text encoder. */
  readonly text: TextComponents | undefined
  /** What a class-conditional model can draw. */
  readonly classes: Classes | undefined
  readonly latentShape: readonly [height: number, width: number]
  readonly layout: Layout | undefined
  readonly imageShape: readonly [height: number, width: number] | undefined
  readonly imageFormat: ImageFormat
  readonly defaults: PipelineDefaults
}

/** The files that read prompts. */
export type TextComponents =
  | { readonly kind: 'words'; readonly tokenizer: string }
  | {
      readonly kind: 'clip'
      readonly tokenizer: string
      /** Tokens of a prompt. */
      readonly length: number
      readonly encoder: string
      /** The learned states of no text. */
      readonly unconditional: string | undefined
    }

/** Throws ConfigError unless the folder's networks are ONNX files, its sizes are known and its values valid. */
export function componentsOf(index: ModelIndex): ModelComponents {
  try {
    return readComponents(index)
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause
    throw new ConfigError(`model_index.json: ${cause.message}`, { cause })
  }
}

function readComponents(index: ModelIndex): ModelComponents {
  const [denoiser] = filesOf(index, 'denoiser', 'onnx')
  const [decoder, encoder] = filesOf(index, 'vqvae', 'onnx')
  const latentShape = shapeOf(index, 'latent')
  if (!denoiser || (!decoder && !isNone(index.vqvae)) || !latentShape)
    throw new ConfigError(
      'model_index.json needs the ONNX networks "denoiser": ["onnx", PATH] and "vqvae": ["onnx", DECODER, ENCODER], or ' +
        '[null, null] where tokens are the result, and the size of the token grid, latent_height and latent_width; ' +
        `given {${Object.keys(index).join(', ')}}. ` +
        'A folder of diffusers has to be converted first: npx vq-diffusion-webgpu convert FOLDER OUT.',
    )
  const [denoiserOnWasm = denoiser] = filesOf(index, 'denoiser_wasm', 'onnx')
  const [text, classes] = [textOf(index), classesOf(index)]
  if (text && classes)
    throw new OptionError('a model is conditioned on texts or on classes; given a tokenizer and num_classes.')
  const layout = index.logits_layout as Layout | undefined
  requireLayout(layout, 'logits_layout')
  return {
    denoiser: { webgpu: denoiser, wasm: denoiserOnWasm },
    decoder,
    encoder,
    text,
    classes,
    latentShape,
    layout,
    imageShape: shapeOf(index, 'image'),
    imageFormat: formatOf(index as { image_range?: [number, number]; image_alpha?: ImageFormat['alpha'] }),
    defaults: defaultsOf((index.defaults ?? {}) as StoredDefaults),
  }
}

function textOf(index: ModelIndex): TextComponents | undefined {
  const [tokenizer] = filesOf(index, 'tokenizer', 'json', 'clip')
  const isClip = (index.tokenizer as readonly unknown[] | undefined)?.[0] === 'clip'
  const [encoder] = filesOf(index, 'text_encoder', 'onnx')
  const [unconditional] = filesOf(index, 'learned_classifier_free_sampling_embeddings', 'f32')
  if (tokenizer !== undefined && isClip) {
    if (encoder === undefined) throw new OptionError('CLIP needs "text_encoder": ["onnx", PATH]; given none.')
    const { text_length: length } = index
    requireInteger('text_length', length, 2)
    return { kind: 'clip', tokenizer, length, encoder, unconditional }
  }
  if (encoder !== undefined || unconditional !== undefined)
    throw new OptionError('a text encoder needs "tokenizer": ["clip", PATH]; given another tokenizer, or none.')
  return tokenizer === undefined ? undefined : { kind: 'words', tokenizer }
}

function classesOf({ num_classes: count, unconditional_class: unconditional }: ModelIndex): Classes | undefined {
  if (count === undefined && unconditional === undefined) return undefined
  requireInteger('num_classes', count, 1)
  if (unconditional !== undefined) requireInteger('unconditional_class', unconditional, 0)
  return { count, ...(unconditional !== undefined && { unconditional }) }
}

/** Whether a component is left out on purpose, as diffusers writes it. */
function isNone(component: unknown): boolean {
  return Array.isArray(component) && component.length > 0 && component.every((entry) => entry === null)
}

const networksOfDiffusers = ['denoiser', 'vqvae']

/** The paths of a component, of one of these kinds. Networks of diffusers count as none; it writes nulls for none. */
function filesOf(
  index: ModelIndex,
  component: string,
  ...kinds: readonly ('onnx' | 'json' | 'clip' | 'f32')[]
): string[] {
  const list = index[component] ?? []
  if (!Array.isArray(list)) throw new OptionError(`${component} needs to be [KIND, PATH]; given ${valueText(list)}.`)
  const [given, ...paths] = list
  if (kinds.includes(given)) {
    if (paths.length === 0) throw new OptionError(`${component} needs the path of a file; given none.`)
    for (const path of paths) requireString(`A path of ${component}`, path)
    return paths
  }
  if (!networksOfDiffusers.includes(component) && typeof given === 'string')
    throw new ConfigError(
      `The ${component} in model_index.json needs the kind ${kinds.map((kind) => `"${kind}"`).join(' or ')}; ` +
        `given ${JSON.stringify(given)}.`,
    )
  return []
}

function shapeOf(index: ModelIndex, name: 'latent' | 'image'): readonly [number, number] | undefined {
  const shape = [`${name}_height`, `${name}_width`].flatMap((key) => {
    if (index[key] !== undefined) requireInteger(key, index[key], 1)
    return (index[key] as number | undefined) ?? []
  })
  return shape.length === 2 ? (shape as [number, number]) : undefined
}

function formatOf({
  image_range: range,
  image_alpha: alpha,
}: {
  image_range?: [number, number]
  image_alpha?: ImageFormat['alpha']
}): ImageFormat {
  return requireImageFormat({ ...(range !== undefined && { range }), ...(alpha !== undefined && { alpha }) })
}

/** Defaults as `model_index.json` spells them. */
interface StoredDefaults {
  readonly num_inference_steps?: number
  readonly guidance_scale?: number
  readonly guidance_interval?: readonly [from: number, to: number]
  readonly truncation_rate?: number
}

function defaultsOf(defaults: StoredDefaults): PipelineDefaults {
  requireObject('defaults', defaults)
  const { num_inference_steps, guidance_scale, guidance_interval, truncation_rate } = defaults
  if (num_inference_steps !== undefined) requireInteger('num_inference_steps', num_inference_steps, 1)
  if (guidance_scale !== undefined) requireScale('guidance_scale', guidance_scale)
  if (guidance_interval !== undefined) requireGuidanceInterval('guidance_interval', guidance_interval)
  if (truncation_rate !== undefined) requireNumber('truncation_rate', truncation_rate)
  return {
    ...(num_inference_steps !== undefined && { numInferenceSteps: num_inference_steps }),
    ...(guidance_scale !== undefined && { guidanceScale: guidance_scale }),
    ...(guidance_interval !== undefined && { guidanceInterval: guidance_interval }),
    ...(truncation_rate !== undefined && { truncationRate: truncation_rate }),
  }
}
