import { ConfigError } from '../errors'
import type { ImageFormat } from '../onnx/images'
import type { ModelIndex } from '../onnx/model_index'
import type { PipelineDefaults } from './options'

/** What this package reads of `model_index.json`. */
export interface ModelComponents {
  readonly denoiser: string
  readonly decoder: string
  readonly encoder: string | undefined
  readonly tokenizer: string | undefined
  readonly latentShape: readonly [height: number, width: number]
  readonly imageShape: readonly [height: number, width: number] | undefined
  readonly imageFormat: ImageFormat
  readonly defaults: PipelineDefaults
}

/** Throws ConfigError unless the folder's networks are ONNX files and its sizes are known. */
export function componentsOf(index: ModelIndex): ModelComponents {
  const [denoiser] = onnxFiles(index, 'denoiser')
  const [decoder, encoder] = onnxFiles(index, 'vqvae')
  const latentShape = shapeOf(index, 'latent')
  if (!denoiser || !decoder || !latentShape)
    throw new ConfigError(
      'model_index.json needs the ONNX networks "denoiser": ["onnx", PATH] and "vqvae": ["onnx", DECODER, ENCODER], and ' +
        `the size of the token grid, latent_height and latent_width; given {${Object.keys(index).join(', ')}}. ` +
        'The networks of diffusers have to be exported to ONNX first.',
    )
  const [kind, tokenizer] = listOf(index.tokenizer)
  if (kind !== undefined && kind !== 'json')
    throw new ConfigError(`The tokenizer in model_index.json needs the kind "json"; given ${JSON.stringify(kind)}.`)
  const { num_inference_steps, guidance_scale, truncation_rate } = (index.defaults ?? {}) as Record<string, number>
  const { image_range, image_alpha } = index as { image_range?: [number, number]; image_alpha?: ImageFormat['alpha'] }
  return {
    denoiser,
    decoder,
    encoder,
    tokenizer,
    latentShape,
    imageShape: shapeOf(index, 'image'),
    imageFormat: { ...(image_range && { range: image_range }), ...(image_alpha && { alpha: image_alpha }) },
    defaults: {
      ...(num_inference_steps !== undefined && { numInferenceSteps: num_inference_steps }),
      ...(guidance_scale !== undefined && { guidanceScale: guidance_scale }),
      ...(truncation_rate !== undefined && { truncationRate: truncation_rate }),
    },
  }
}

function onnxFiles(index: ModelIndex, component: string): (string | undefined)[] {
  const [kind, ...paths] = listOf(index[component])
  return kind === 'onnx' ? paths : []
}

function listOf(value: unknown): (string | undefined)[] {
  return Array.isArray(value) ? value : []
}

function shapeOf(index: ModelIndex, name: 'latent' | 'image'): readonly [number, number] | undefined {
  const [height, width] = [index[`${name}_height`], index[`${name}_width`]]
  return typeof height === 'number' && typeof width === 'number' ? [height, width] : undefined
}
