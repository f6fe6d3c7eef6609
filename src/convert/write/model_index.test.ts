import { expect, it } from 'vitest'
import { classConditionalCheckpoint } from '../../../test/convert/random_checkpoint'
import type { TransformerConfig } from '../checkpoint/checkpoint'
import { modelIndexOf } from './model_index'

const classes = classConditionalCheckpoint()
const withConfig = (change: Partial<TransformerConfig>, more: object = {}) => ({
  ...classes,
  ...more,
  transformer: { ...classes.transformer, config: { ...classes.transformer.config, ...change } },
})
const learnedEmbeddings = { data: new Float32Array(4), shape: [2, 2] }

it.each([
  [
    'a text whose unconditional embeddings were learned',
    withConfig({ condition: 'text' }, { learnedEmbeddings }),
    5,
    1,
  ],
  ['a text', withConfig({ condition: 'text' }), 1, 0.86],
  ['a class with a trained class of none', classes, 1.5, 0.94],
  ['a class', withConfig({ unconditional_is_mean: true }), 1, 0.86],
])('guides %s by default as the authors do', (_, checkpoint, guidance_scale, truncation_rate) => {
  const { defaults } = modelIndexOf(checkpoint, { encoder: false })
  expect(defaults).toEqual({ num_inference_steps: 5, guidance_scale, truncation_rate })
})
