import { type GpuTensor, RandomGenerator, type VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { type CaseData, stepRule } from './case'
import type { Phase } from './results'

/** One step of a chain that was drawn. */
export interface ChainStep {
  readonly timestep: number
  readonly previousTimestep: number
  /** Of the generator, when the step draws. */
  readonly counter: number
  readonly sample: GpuTensor
  readonly prevSample: GpuTensor
}

/** A generator as it is after `counter` drawing calls. */
export function generatorAt(seeds: readonly number[], counter: number): RandomGenerator {
  return RandomGenerator.fromState({ seeds: seeds.map(String), counter })
}

/** A chain of ours with all its states, once drawn: what is timed later has to come to the same tokens. */
export class Chain {
  private constructor(
    private readonly scheduler: VQDiffusionScheduler,
    readonly data: CaseData,
    readonly steps: readonly ChainStep[],
    /** Microseconds that drawing it took, which compiled the kernels. */
    readonly took: number,
  ) {}

  /** Draws n exact strided steps from noise, from the same logits every time. */
  static async draw(scheduler: VQDiffusionScheduler, data: CaseData, numInferenceSteps: number): Promise<Chain> {
    const { batchSize, numLatentPixels } = data.id
    const begun = performance.now()
    scheduler.setTimesteps(numInferenceSteps)
    const { timesteps } = scheduler
    const generator = generatorAt(data.seeds, 0)
    const steps: ChainStep[] = []
    let sample: GpuTensor = scheduler.initialSample([batchSize, numLatentPixels], { generator })
    for (const [i, timestep] of timesteps.entries()) {
      const prevSample = scheduler.emptyTokens(sample.shape)
      const step = { timestep, previousTimestep: timesteps[i + 1] ?? -1, counter: i + 1, sample, prevSample }
      runStep(scheduler, data, step, { generator, out: prevSample })
      steps.push(step)
      sample = prevSample
    }
    await scheduler.finished()
    return new Chain(scheduler, data, steps, (performance.now() - begun) * 1000)
  }

  get first(): ChainStep {
    return this.steps[0]!
  }

  get middle(): ChainStep {
    return this.steps[this.steps.length >> 1]!
  }

  get last(): ChainStep {
    return this.steps[this.steps.length - 1]!
  }

  /** Does a step of the chain again, into `out`, from its own x_t or from another. */
  run(step: ChainStep, options: { out: GpuTensor; encoder?: GPUCommandEncoder; sample?: GpuTensor }): void {
    const generator = generatorAt(this.data.seeds, step.counter)
    runStep(this.scheduler, this.data, step, { ...options, generator })
  }

  destroy(): void {
    for (const { sample, prevSample } of this.steps) for (const tensor of [sample, prevSample]) tensor.destroy()
  }
}

function runStep(
  scheduler: VQDiffusionScheduler,
  data: CaseData,
  { timestep, previousTimestep, sample: own }: ChainStep,
  {
    sample = own,
    ...options
  }: { generator: RandomGenerator; out: GpuTensor; encoder?: GPUCommandEncoder; sample?: GpuTensor },
): void {
  const rule = stepRule(data, data.unconditional)
  scheduler.step(data.conditional, timestep, sample, { ...rule, previousTimestep, ...options })
}

/** The phases that are timed, and the steps that make them up. */
export function chainPhases(
  long: Chain,
  short: Chain,
): readonly { phase: Phase; chain: Chain; steps: readonly ChainStep[] }[] {
  return [
    { phase: 'mean of a 100-step chain', chain: long, steps: long.steps },
    { phase: 'mean of a 16-step chain', chain: short, steps: short.steps },
    { phase: 'first step', chain: long, steps: [long.first] },
    { phase: 'middle step', chain: long, steps: [long.middle] },
    { phase: 'last step', chain: long, steps: [long.last] },
  ]
}
