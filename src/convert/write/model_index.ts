import type { Checkpoint } from '../checkpoint/checkpoint'
import { downsamplers } from '../graphs/autoencoder'

/** Paths in a model folder. */
export const paths = {
  denoiser: 'denoiser/model.onnx',
  decoder: 'vqvae/decoder.onnx',
  encoder: 'vqvae/encoder.onnx',
  textEncoder: 'text_encoder/model.onnx',
  tokenizer: 'tokenizer/tokenizer.json',
  scheduler: 'scheduler/scheduler_config.json',
  learnedEmbeddings: 'learned_classifier_free_sampling_embeddings/embeddings.bin',
  index: 'model_index.json',
  manifest: 'manifest.json',
  card: 'MODEL_CARD.md',
} as const

/** What the names of a network's files of weights begin with; they lie beside its graph, two networks' in `vqvae/`. */
export function weightsPrefix(path: string): string {
  return path === paths.decoder ? 'decoder' : path === paths.encoder ? 'encoder' : 'weights'
}

/** What `model_index.json` says of a converted model. */
export function modelIndexOf(
  checkpoint: Checkpoint,
  { encoder }: { encoder: boolean },
): Readonly<Record<string, unknown>> {
  const { config } = checkpoint.transformer
  const { latent_height, latent_width } = config
  return {
    _class_name: 'VQDiffusionPipeline',
    scheduler: ['diffusers', 'VQDiffusionScheduler'],
    denoiser: ['onnx', paths.denoiser],
    ...conditionOf(checkpoint),
    manifest: paths.manifest,
    latent_height,
    latent_width,
    logits_layout: 'pixel-major',
    ...picturesOf(checkpoint, encoder),
    defaults: defaultsOf(checkpoint),
  }
}

/** The networks between tokens and pictures, and what the pictures are like; none where tokens are the result. */
function picturesOf({ transformer: { config }, vqvae }: Checkpoint, encoder: boolean) {
  // As diffusers writes a component that is left out.
  if (!vqvae) return { vqvae: [null, null] }
  const scale = 2 ** downsamplers(vqvae.weights)
  return {
    vqvae: ['onnx', paths.decoder, ...(encoder ? [paths.encoder] : [])],
    image_height: config.latent_height * scale,
    image_width: config.latent_width * scale,
    image_range: [-1, 1],
  }
}

function conditionOf({ transformer: { config }, textLength, learnedEmbeddings }: Checkpoint) {
  const { num_classes, unconditional_class } = config
  if (config.condition === 'class') return { num_classes, unconditional_class }
  if (config.condition === 'none') return {}
  return {
    tokenizer: ['clip', paths.tokenizer],
    text_length: textLength,
    text_encoder: ['onnx', paths.textEncoder],
    ...(learnedEmbeddings && { learned_classifier_free_sampling_embeddings: ['f32', paths.learnedEmbeddings] }),
  }
}

/**
 * The authors' values: guidance 5 without truncation where the unconditional prediction was trained, less of both for classes;
 * else truncation 0.86 without guidance. 25 steps instead of all, since a step costs a page seconds. Without a condition
 * (LayoutDM, which is small) all steps, without truncation.
 */
function defaultsOf({ transformer: { config }, learnedEmbeddings }: Checkpoint) {
  if (config.condition === 'none')
    return { num_inference_steps: config.num_embeds_ada_norm, guidance_scale: 1, truncation_rate: 1 }
  const isTrained = learnedEmbeddings !== undefined || (config.condition === 'class' && !config.unconditional_is_mean)
  const [guidance_scale, truncation_rate] = !isTrained ? [1, 0.86] : config.condition === 'class' ? [1.5, 0.94] : [5, 1]
  return { num_inference_steps: Math.min(25, config.num_embeds_ada_norm), guidance_scale, truncation_rate }
}
