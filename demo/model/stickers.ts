import index from 'vq-diffusion-emoji/emoji-16x16/model_index.json' with { type: 'json' }
import scheduler from 'vq-diffusion-emoji/emoji-16x16/scheduler/scheduler_config.json' with { type: 'json' }
import type { Model, TokenGrid } from './model'
import { PRESETS } from './presets'

/** 16 × 16 tokens of 4096 codes. */
const grid: TokenGrid = {
  height: index.latent_height,
  width: index.latent_width,
  numCodes: scheduler.num_vec_classes - 1,
}

/** The page's own model, which draws stickers. */
export const STICKERS: Model = {
  name: 'emoji-16x16',
  isStickers: true,
  grid,
  picture: { width: index.image_width, height: index.image_height },
  hasAlpha: true,
  condition: 'text',
  isGuidable: true,
  hasEncoder: true,
  scheduler,
  defaults: PRESETS.default,
}
