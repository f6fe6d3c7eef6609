import { GpuTensor, type Layout, RandomGenerator, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { goodnessOfFit } from '../statistics'
import type { FixtureCase, Fixtures, FloatTensor, TokenTensor } from './fixtures'

/** Draws per law, and the false-alarm rate of each chi-square test. */
export const draws = 2 ** 17
const alpha = 1e-6

/** The device and the schedulers that the cases share. */
export class KernelBench {
  readonly #schedulers = new Map<string, Promise<VQDiffusionScheduler>>()

  constructor(
    readonly device: GPUDevice,
    readonly fixtures: Fixtures,
  ) {}

  scheduler({ config }: FixtureCase): Promise<VQDiffusionScheduler> {
    const key = JSON.stringify(config)
    const scheduler = this.#schedulers.get(key) ?? VQDiffusionScheduler.create(this.device, config)
    this.#schedulers.set(key, scheduler)
    return scheduler
  }

  /** Every case draws from the same seed. */
  generator(): RandomGenerator {
    return new RandomGenerator(0x5eed)
  }

  upload(tensor: FloatTensor): GpuTensor<'f32'>
  upload(tensor: TokenTensor): GpuTensor<'u32'>
  upload({ data, shape }: FloatTensor | TokenTensor): GpuTensor {
    return GpuTensor.from(this.device, data as Float32Array, shape, 'conformance')
  }

  floats(fixture: FixtureCase, name: string): GpuTensor<'f32'> {
    return this.upload(this.fixtures.floats(fixture.inputs[name]!))
  }

  tokens(fixture: FixtureCase, name: string): GpuTensor<'u32'> {
    return this.upload(this.fixtures.tokens(fixture.inputs[name]!))
  }
}

/** Reads a tensor and frees everything that the case used. */
export async function take(result: GpuTensor, ...used: GpuTensor[]): Promise<ArrayLike<number>> {
  const values = await result.read()
  for (const tensor of [result, ...used]) tensor.destroy()
  return values
}

/** [B, rows, N] → [B, N, rows] */
export function pixelMajor({ data, shape }: FloatTensor): FloatTensor {
  const [B = 0, rows = 0, N = 0] = shape
  const transposed = new Float32Array(data.length)
  for (let b = 0; b < B; b++)
    for (let k = 0; k < rows; k++)
      for (let n = 0; n < N; n++) transposed[(b * N + n) * rows + k] = data[(b * rows + k) * N + n]!
  return { data: transposed, shape: [B, N, rows] }
}

/** A tensor of the reference in a layout. */
export function layoutOf(layout: Layout, tensor: FloatTensor): FloatTensor {
  return layout === 'class-major' ? tensor : pixelMajor(tensor)
}

/** How often each class occurs. */
export function countTokens(tokens: ArrayLike<number>, numClasses: number): Uint32Array {
  const counts = new Uint32Array(numClasses)
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]!]!++
  return counts
}

/** Throws unless the counts fit the law. */
export function checkLaw(name: string, counts: Uint32Array, probabilities: readonly number[]): void {
  const p = goodnessOfFit(counts, probabilities)
  if (!(p > alpha)) throw new Error(`${name}: counts [${counts}] have p = ${p} under [${probabilities}]`)
}

export const layouts: readonly Layout[] = ['class-major', 'pixel-major']
