import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { rowsShape } from '../../src/checks'
import { elementIndex } from '../../src/cpu/logits'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from '../../src/cpu/random'
import { type ChainStep, generatorAt } from '../cases/chains'
import { type CaseData, stepOptions } from '../cases/data'
import { type Problem, readProblem } from './peer'
import { checkTokens, denseDraw, exactDraw } from './refusal'
import { Twin } from './twin'

/** The right tokens of a case, by the CPU twin. Of the last item only, which draws what it would draw alone. */
export class Oracle {
  #dense: Expected | undefined

  private constructor(
    private readonly data: CaseData,
    private readonly twin: Twin,
  ) {}

  static async create(data: CaseData): Promise<Oracle> {
    return new Oracle(data, await Twin.create(data, 1))
  }

  /** Rejects with CheckError unless a step of a chain drew what the twin draws from the same seed and x_t. */
  async checkStep(what: string, step: ChainStep): Promise<void> {
    const { C, N, layout, seeds, guidanceScale } = this.data
    const { twin } = this
    const [stream] = generatorAt(seeds.slice(-1), step.counter).streams(1)
    const score = (pixel: number, k: number) => {
      const index = elementIndex(layout, C - 1, N, pixel, k)
      const conditional = twin.conditional.data[index]!
      const unconditional = twin.unconditional?.data[index] ?? conditional
      const key = pixelKey(stream!, pixel, step.counter, Purpose.x0)
      const [group, place] = [Math.floor(k / 4), k % 4]
      const noise = exponential(classWords(key, group)[place]!, () => classTailWords(key, group)[place]!)
      return unconditional + guidanceScale * (conditional - unconditional) - Math.log(noise)
    }
    const want = twin.draw(step, await twin.tokens(step.sample))
    const got = (await twin.tokens(step.prevSample)).data
    checkTokens(what, got, want, exactDraw, (pixel, a, b) => Math.abs(score(pixel, a) - score(pixel, b)))
  }

  /** Draws a step with the case's noise, for `checkDense`. */
  async expectDense(step: ChainStep): Promise<void> {
    this.#dense = await drawDense(await readProblem(this.data, step, 1))
  }

  /** Throws CheckError unless tokens [B, N] are those of the reference-identical draw. */
  checkDense(what: string, tokens: Uint32Array): void {
    const { tokens: want, marginOf } = this.#dense!
    checkTokens(what, tokens.slice(-want.length), want, denseDraw, marginOf)
  }
}

interface Expected {
  readonly tokens: ArrayLike<number>
  /** How far apart the noised scores of two classes are. */
  readonly marginOf: (token: number, a: number, b: number) => number
}

/** The reference-identical draw of a problem, by the CPU twin. */
export async function drawDense(problem: Problem): Promise<Expected> {
  const { B, C, N, layout, timestep, previousTimestep } = problem
  const twin = await CpuScheduler.create({ num_vec_classes: C })
  const tensor = (values: Float32Array) => new CpuTensor(values, rowsShape(layout, B, values.length / (B * N), N))
  const options = stepOptions(problem, problem.unconditional && tensor(problem.unconditional))
  const logPX0 = twin.logPX0(tensor(problem.conditional), { ...options, normalise: false })
  const xT = new CpuTensor(problem.sample, [B, N])
  const noise = tensor(problem.noise)
  const step = { layout, previousTimestep }
  let scores: CpuTensor | undefined
  return {
    tokens: twin.step(logPX0, timestep, xT, { ...step, noise }).prevSample.data,
    marginOf: (token, a, b) => {
      scores ??= twin.gumbelNoised(twin.qPosterior(logPX0, xT, timestep, step), noise)
      const scoreOf = (k: number) => scores!.data[elementIndex(layout, C, N, token, k)]!
      return Math.abs(scoreOf(a) - scoreOf(b))
    },
  }
}
