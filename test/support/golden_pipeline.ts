import { expect } from 'vitest'
import { drawWithUniforms as drawGiven } from '../../scripts/diffusers/uniforms.mjs'
import type { PictureOptions } from '../../src/text_to_image/options'
import type { GoldenCase } from '../convert/golden_cases'

/** A whole run of a golden folder (test/fixtures/pipelines/README.md). */
export interface GoldenRun extends GoldenCase {
  /** An empty one for classes. */
  readonly prompts: readonly string[]
  readonly classes?: readonly number[]
  readonly timesteps: readonly number[]
  readonly guidance_scale: number
  readonly truncation_rate: number
  /** Of the authors' fast sampling; 1 without. */
  readonly stride?: number
}

/** Has the scheduler draw the steps of a run with the uniforms of the run. Returns the tokens after every step; they grow. */
export function drawWithUniforms(
  scheduler: Parameters<typeof drawGiven>[0],
  { inputs }: GoldenRun,
  upload: Parameters<typeof drawGiven>[2],
): Promise<ArrayLike<number>>[] {
  return drawGiven(scheduler, { noise: inputs.noise!, lastNoise: inputs.last_noise }, upload)
}

/** The options of the run, as diffusers' pipeline understands them. */
export function callOf({ classes, timesteps, guidance_scale, truncation_rate }: GoldenRun): PictureOptions {
  return {
    ...(classes && { classLabel: classes }),
    numInferenceSteps: timesteps.length,
    spacing: 'leading',
    guidanceScale: guidance_scale,
    truncationRate: truncation_rate,
    seed: 1,
  }
}

/** Expects the tokens of the run after every step. */
export function expectTokens({ outputs }: GoldenRun, steps: readonly ArrayLike<number>[]): void {
  const { data, shape } = outputs.tokens!
  const [count, B, N] = shape as [number, number, number]
  expect(steps).toHaveLength(count)
  for (const [step, drawn] of steps.entries())
    expect(Array.from(drawn), `step ${step}`).toEqual([...data.subarray(step * B * N, (step + 1) * B * N)])
}

/** Expects the images of the run, up to the rounding to bytes. */
export function expectImages({ outputs }: GoldenRun, images: readonly ImageData[]): void {
  const { image, image_0_255 } = outputs
  const area = images[0]!.width * images[0]!.height
  /** diffusers has [B, height, width, 3] in 0 … 1, the authors [B, 3, height, width] in 0 … 255. */
  const expected = (item: number, pixel: number, channel: number) =>
    image
      ? 255 * image.data[(item * area + pixel) * 3 + channel]!
      : image_0_255!.data[(item * 3 + channel) * area + pixel]!
  expect(images.length * area * 3).toBe((image ?? image_0_255)!.data.length)
  for (const [item, { data }] of images.entries()) {
    const differences = Array.from(data, (byte, i) =>
      Math.abs(byte - (i % 4 === 3 ? 255 : expected(item, Math.floor(i / 4), i % 4))),
    )
    // The rounding to a byte, and that of float32.
    expect(Math.max(...differences)).toBeLessThan(0.51)
  }
}
