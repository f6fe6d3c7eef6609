import { type GpuTensor, RandomGenerator } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { elementIndex } from '../../src/cpu/logits'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from '../../src/cpu/random'
import type { ChainStep } from '../cases/chains'
import { type CaseData, readFloats, stepOptions } from '../cases/data'
import { checkTokens, denseDraw, exactDraw } from './refusal'

/** The right tokens of a case, by the CPU twin. Of the last item only, which draws what it would draw alone. */
export class Oracle {
  #checkDense: ((what: string, tokens: Uint32Array) => void) | undefined

  private constructor(
    private readonly data: CaseData,
    private readonly twin: CpuScheduler,
    private readonly conditional: CpuTensor,
    private readonly unconditional: CpuTensor | undefined,
  ) {}

  static async create(data: CaseData): Promise<Oracle> {
    const twin = await CpuScheduler.create({ num_vec_classes: data.C })
    const { conditional, unconditional } = data
    return new Oracle(data, twin, await lastFloats(conditional), unconditional && (await lastFloats(unconditional)))
  }

  /** Rejects with CheckError unless a step of a chain drew what the twin draws from the same seed and x_t. */
  async checkStep(what: string, { timestep, previousTimestep, counter, sample, prevSample }: ChainStep): Promise<void> {
    const { C, N, layout, seeds, guidanceScale } = this.data
    const generator = RandomGenerator.fromState({ seeds: [String(seeds.at(-1))], counter })
    const [stream] = generator.streams(1)
    const options = { ...stepOptions(this.data, this.unconditional), previousTimestep, generator }
    const want = this.twin.step(this.conditional, timestep, await lastTokens(sample), options).prevSample.data
    const score = (pixel: number, k: number) => {
      const index = elementIndex(layout, C - 1, N, pixel, k)
      const conditional = this.conditional.data[index]!
      const unconditional = this.unconditional?.data[index] ?? conditional
      const key = pixelKey(stream!, pixel, counter, Purpose.x0)
      const [group, place] = [Math.floor(k / 4), k % 4]
      const noise = exponential(classWords(key, group)[place]!, () => classTailWords(key, group)[place]!)
      return unconditional + guidanceScale * (conditional - unconditional) - Math.log(noise)
    }
    const got = (await lastTokens(prevSample)).data
    checkTokens(what, got, want, exactDraw, (pixel, a, b) => Math.abs(score(pixel, a) - score(pixel, b)))
  }

  /** Draws a step with the case's noise, for `checkDense`. */
  async expectDense({ timestep, previousTimestep, sample }: ChainStep): Promise<void> {
    const { layout, N } = this.data
    const options = stepOptions(this.data, this.unconditional)
    const noise = await lastFloats(await this.data.noise())
    const logPX0 = this.unconditional
      ? this.twin.logPX0(this.conditional, { ...options, normalise: false })
      : this.conditional
    const xT = await lastTokens(sample)
    const want = this.twin.step(logPX0, timestep, xT, { layout, previousTimestep, noise }).prevSample.data
    /** One pixel's rows, [1, rows, 1]. */
    const columnOf = (tensor: CpuTensor, pixel: number) => {
      const rows = tensor.size / N
      const row = (_: unknown, k: number) => tensor.data[elementIndex(layout, rows, N, pixel, k)]!
      return new CpuTensor(Float64Array.from({ length: rows }, row), [1, rows, 1])
    }
    const marginOf = (pixel: number, a: number, b: number) => {
      const token = new CpuTensor(Uint32Array.of(xT.data[pixel]!), [1, 1])
      const posterior = this.twin.qPosterior(columnOf(logPX0, pixel), token, timestep, { previousTimestep })
      const scores = this.twin.gumbelNoised(posterior, columnOf(noise, pixel)).data
      return Math.abs(scores[a]! - scores[b]!)
    }
    this.#checkDense = (what, tokens) => checkTokens(what, tokens.slice(-N), want, denseDraw, marginOf)
  }

  /** Throws CheckError unless tokens [B, N] are those of the reference-identical draw. */
  checkDense(what: string, tokens: Uint32Array): void {
    this.#checkDense!(what, tokens)
  }
}

function lastItem(tensor: GpuTensor): GpuTensor {
  const items = tensor.shape[0]!
  return tensor.slice(items - 1, items)
}

async function lastFloats(tensor: GpuTensor): Promise<CpuTensor> {
  const item = lastItem(tensor)
  return new CpuTensor(await readFloats(item), item.shape)
}

async function lastTokens(tensor: GpuTensor): Promise<CpuTensor> {
  const item = lastItem(tensor)
  return new CpuTensor((await item.read()) as Uint32Array, item.shape)
}
