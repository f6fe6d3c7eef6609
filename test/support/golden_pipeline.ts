import { expect } from 'vitest'
import type { LogPX0Options } from '../../src/options'
import type { ChainScheduler, ChainTensor } from '../../src/samplers/sampler'
import type { PictureOptions } from '../../src/text_to_image/options'

const types = { f32: Float32Array, f64: Float64Array, u32: Uint32Array }

interface StoredArray {
  readonly dtype: keyof typeof types
  readonly shape: readonly number[]
  readonly offset: number
  readonly count: number
}

/** An array of a golden folder. */
export interface GoldenArray {
  readonly data: Float32Array | Float64Array | Uint32Array
  readonly shape: readonly number[]
}

type Arrays = Readonly<Record<string, GoldenArray>>

/** A case of `golden.json` (test/fixtures/pipelines/README.md); the last properties are those of a whole run. */
export interface GoldenCase {
  readonly name: string
  readonly prompts: readonly string[]
  readonly inputs: Arrays
  readonly outputs: Arrays
  readonly num_inference_steps: number
  readonly guidance_scale: number
  readonly truncation_rate: number
}

/** The cases of a golden folder. @param read gives the content of a file of it */
export async function goldenCases(read: (file: string) => Promise<ArrayBuffer>): Promise<readonly GoldenCase[]> {
  const golden = JSON.parse(new TextDecoder().decode(await read('golden.json')))
  const contents: Partial<Record<keyof typeof types, ArrayBuffer>> = {}
  for (const dtype of ['f32', 'f64', 'u32'] as const) contents[dtype] = await read(golden.files[dtype].file)
  const arraysOf = (stored: Readonly<Record<string, StoredArray>>): Arrays =>
    Object.fromEntries(
      Object.entries(stored).map(([key, { dtype, shape, offset, count }]) => [
        key,
        { data: new types[dtype](contents[dtype]!, offset, count), shape },
      ]),
    )
  return golden.cases.map((found: GoldenCase & { inputs: never; outputs: never }) => ({
    ...found,
    inputs: arraysOf(found.inputs),
    outputs: arraysOf(found.outputs),
  }))
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
  { inputs }: GoldenCase,
  upload: (values: Float32Array, shape: readonly number[]) => T,
): Promise<ArrayLike<number>>[] {
  const { noise, last_noise } = inputs as { noise: GoldenArray; last_noise: GoldenArray }
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
    const from = tokens.length < steps ? noise.data.subarray(tokens.length * B * C * N) : last_noise.data
    const uniforms = upload(Float32Array.from(from.subarray(0, B * rows * N)), [B, rows, N])
    const drawn = step(logPX0, timestep, sample, { noise: uniforms, previousTimestep, out } as never)
    // A copy, since the chain draws the step after the next into the same tensor.
    tokens.push(Promise.resolve(out!.read()).then((values) => Uint32Array.from(values)))
    for (const tensor of [logPX0, uniforms]) tensor.destroy()
    return drawn
  }
  return tokens
}

/** The options of the run, as diffusers' pipeline understands them. */
export function callOf({ num_inference_steps, guidance_scale, truncation_rate }: GoldenCase): PictureOptions {
  return {
    numInferenceSteps: num_inference_steps,
    spacing: 'leading',
    guidanceScale: guidance_scale,
    truncationRate: truncation_rate,
    seed: 1,
  }
}

/** Expects the tokens of the run after every step, and its image at the end up to the rounding of a byte. */
export function expectRun({ outputs }: GoldenCase, steps: readonly ArrayLike<number>[], images: readonly ImageData[]) {
  const { tokens, image } = outputs as { tokens: GoldenArray; image: GoldenArray }
  const [count, B, N] = tokens.shape as [number, number, number]
  expect(steps).toHaveLength(count)
  for (const [step, drawn] of steps.entries())
    expect(Array.from(drawn), `step ${step}`).toEqual([...tokens.data.subarray(step * B * N, (step + 1) * B * N)])
  const [, height, width] = image.shape as [number, number, number]
  for (const [item, given] of images.entries()) {
    expect([given.width, given.height]).toEqual([width, height])
    const differences = Array.from(given.data, (byte, i) => {
      const pixel = item * height * width + Math.floor(i / 4)
      return Math.abs(byte - (i % 4 === 3 ? 255 : 255 * image.data[pixel * 3 + (i % 4)]!))
    })
    expect(Math.max(...differences)).toBeLessThan(0.51)
  }
}
