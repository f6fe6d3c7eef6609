import { expect } from 'vitest'
import type { LogPX0Options } from '../../src/options'
import type { ChainScheduler, ChainTensor } from '../../src/samplers/sampler'
import type { PictureOptions } from '../../src/text_to_image/options'
import type { GoldenArray, GoldenCase } from '../convert/golden_cases'

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

/** The methods of both engines that a run needs. */
interface GoldenScheduler<T extends ChainTensor> extends ChainScheduler<T> {
  logPX0(modelOutput: T, options: LogPX0Options<T>): T
}

/**
 * Has the scheduler draw the steps of a run with the uniforms of the run instead of a generator, from the clamped and
 * truncated log p(x₀), as diffusers' pipeline does. Returns the tokens after every step; they grow as the pipeline runs.
 *
 * @param upload makes a tensor f32 on the engine of the scheduler
 */
export function drawWithUniforms<T extends ChainTensor>(
  scheduler: GoldenScheduler<T>,
  { inputs }: GoldenRun,
  upload: (values: Float32Array, shape: readonly number[]) => T,
): Promise<ArrayLike<number>>[] {
  const { noise, last_noise } = inputs as { noise: GoldenArray; last_noise?: GoldenArray }
  const [steps, B, C, N] = noise.shape as [number, number, number, number]
  const tokens: Promise<ArrayLike<number>>[] = []
  const step = scheduler.step.bind(scheduler)
  scheduler.step = (modelOutput, timestep, sample, { layout, guidance, truncationRate, previousTimestep, out }) => {
    const logits = {
      ...(layout && { layout }),
      ...(guidance && { guidance }),
      ...(truncationRate !== undefined && { truncationRate }),
    }
    const logPX0 = scheduler.logPX0(modelOutput, { ...logits, outputLayout: 'class-major', minimum: -70 })
    const rows = previousTimestep === -1 ? C - 1 : C
    const [from, height] =
      tokens.length < steps ? [noise.data.subarray(tokens.length * B * C * N), C] : [last_noise!.data, C - 1]
    // The authors' code draws noise of C rows for the last step too.
    const uniforms = Array.from({ length: B }, (_, item) => [...from.subarray(item * height * N).subarray(0, rows * N)])
    const given = upload(Float32Array.from(uniforms.flat()), [B, rows, N])
    const drawn = step(logPX0, timestep, sample, { noise: given, previousTimestep, out } as never)
    // A copy, since the chain draws the step after the next into the same tensor.
    tokens.push(Promise.resolve(out!.read()).then((values) => Uint32Array.from(values)))
    for (const tensor of [logPX0, given]) tensor.destroy()
    return drawn
  }
  return tokens
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
