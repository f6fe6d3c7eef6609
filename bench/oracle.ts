import { type GpuTensor, RandomGenerator } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from '../src/cpu/random'
import { type CaseData, stepRule } from './case'
import type { ChainStep } from './chain'
import { readFloats } from './size_data'
import { numCodes } from './sizes'
import { checkTokens, exact, type Tolerance } from './tokens'

/**
 * What the tokens of a case have to be, by the CPU twin; of the last item of the batch only, which equals the same item
 * made alone.
 */
export class Oracle {
  private constructor(
    private readonly twin: CpuScheduler,
    private readonly data: CaseData,
    private readonly conditional: CpuTensor,
    private readonly unconditional: CpuTensor | undefined,
  ) {}

  static async create(data: CaseData): Promise<Oracle> {
    const host = async (tensor: GpuTensor) => {
      const item = lastItem(tensor)
      return new CpuTensor(await readFloats(item), item.shape)
    }
    return new Oracle(
      await CpuScheduler.create({ num_vec_classes: data.id.numVecClasses }),
      data,
      await host(data.conditional),
      data.unconditional && (await host(data.unconditional)),
    )
  }

  /** Checks tokens [B, N] that a step of a chain gave against the twin's, drawn from the same seed and x_t. */
  async checkStep(what: string, step: ChainStep, tokens: GpuTensor): Promise<void> {
    const { timestep, previousTimestep, counter } = step
    const seed = this.data.seeds.at(-1)!
    const generator = () => RandomGenerator.fromState({ seeds: [String(seed)], counter })
    const want = this.twin.step(this.conditional, timestep, await hostTokens(step.sample), {
      ...this.rule,
      ...{ generator: generator(), previousTimestep },
    }).prevSample.data
    const [stream] = generator().streams(1)
    const score = (pixel: number, k: number) => {
      const key = pixelKey(stream!, pixel, counter, Purpose.x0)
      const group = Math.floor(k / 4)
      const noise = exponential(classWords(key, group)[k % 4]!, () => classTailWords(key, group)[k % 4]!)
      return this.logit(pixel, k) - Math.log(noise)
    }
    const got = await lastItem(tokens).read()
    checkTokens(what, got as Uint32Array, want, exact, (pixel, a, b) => Math.abs(score(pixel, a) - score(pixel, b)))
  }

  /** A check of tokens [B, N] that a reference-identical step with the noise of the case gave. */
  async denseCheck(step: ChainStep): Promise<(what: string, tokens: Uint32Array, tolerance: Tolerance) => void> {
    const { layout } = this.data.id
    const { timestep, previousTimestep } = step
    const noiseItem = lastItem(await this.data.source.noise(layout))
    const noise = new CpuTensor(await readFloats(noiseItem), noiseItem.shape)
    const logPX0 = this.data.unconditional
      ? this.twin.logPX0(this.conditional, { ...this.rule, normalise: false })
      : this.conditional
    const sample = await hostTokens(step.sample)
    const options = { layout, previousTimestep }
    const want = this.twin.step(logPX0, timestep, sample, { ...options, noise }).prevSample.data
    // Only where a token differs: for its column alone.
    const marginOf = (pixel: number, a: number, b: number) => {
      const column = (tensor: CpuTensor) => this.column(tensor, pixel)
      const xT = new CpuTensor(Uint32Array.of(sample.data[pixel]!), [1, 1])
      const posterior = this.twin.qPosterior(column(logPX0), xT, timestep, {
        ...{ layout: 'pixel-major', previousTimestep },
      })
      const scores = this.twin.gumbelNoised(posterior, column(noise)).data
      return Math.abs(scores[a]! - scores[b]!)
    }
    return (what, tokens, tolerance) =>
      checkTokens(what, tokens.slice(-this.data.id.numLatentPixels), want, tolerance, marginOf)
  }

  private get rule() {
    return stepRule(this.data, this.unconditional)
  }

  /** The guided logit of a class. */
  private logit(pixel: number, k: number): number {
    const { layout, numLatentPixels, ...size } = this.data.id
    const index =
      layout === 'class-major' ? k * numLatentPixels + pixel : pixel * numCodes({ ...size, numLatentPixels }) + k
    const conditional = this.conditional.data[index]!
    if (!this.unconditional) return conditional
    const unconditional = this.unconditional.data[index]!
    return unconditional + this.data.guidanceScale * (conditional - unconditional)
  }

  /** One pixel's rows, [1, 1, rows]. */
  private column(tensor: CpuTensor, pixel: number): CpuTensor {
    const { layout, numLatentPixels: N } = this.data.id
    const rows = tensor.size / N
    const values = Float64Array.from(
      { length: rows },
      (_, k) => tensor.data[layout === 'class-major' ? k * N + pixel : pixel * rows + k]!,
    )
    return new CpuTensor(values, [1, 1, rows])
  }
}

function lastItem(tensor: GpuTensor): GpuTensor {
  const items = tensor.shape[0]!
  return tensor.slice(items - 1, items)
}

async function hostTokens(sample: GpuTensor): Promise<CpuTensor> {
  const item = lastItem(sample)
  return new CpuTensor((await item.read()) as Uint32Array, item.shape)
}
