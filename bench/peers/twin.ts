import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { type CaseData, stepRule } from '../case'
import { type Chain, type ChainStep, chainPhases, generatorAt } from '../chain'
import { rowNames } from '../names'
import type { Problem } from '../peer'
import { type Probe, repeating, wallTime } from '../probe'
import type { Phase } from '../results'
import { checkTokens, exact } from '../tokens'

/** A step with its tensors on the host. */
interface HostStep extends Pick<ChainStep, 'timestep' | 'previousTimestep' | 'counter'> {
  readonly sample: CpuTensor
  readonly wanted: Uint32Array
}

/** Our float64 twin, which decides first too: what JavaScript makes of the same mathematics. */
export class Twin {
  readonly #hostSteps = new Map<ChainStep, HostStep>()

  private constructor(
    private readonly scheduler: CpuScheduler,
    private readonly data: CaseData,
    private readonly conditional: CpuTensor,
    private readonly unconditional: CpuTensor | undefined,
  ) {}

  static async create(data: CaseData, host: Pick<Problem, 'conditional' | 'unconditional'>): Promise<Twin> {
    const { shape } = data.conditional
    const scheduler = await CpuScheduler.create({ num_vec_classes: data.id.numVecClasses })
    const unconditional = host.unconditional && new CpuTensor(host.unconditional, shape)
    return new Twin(scheduler, data, new CpuTensor(host.conditional, shape), unconditional)
  }

  async probes(long: Chain, short: Chain): Promise<Probe[]> {
    const probes: Probe[] = []
    for (const { phase, steps } of chainPhases(long, short)) {
      const hostSteps: HostStep[] = []
      for (const step of steps) hostSteps.push(await this.hostStep(step))
      probes.push(this.probe(phase, hostSteps))
    }
    return probes
  }

  private probe(phase: Phase, steps: readonly HostStep[]): Probe {
    const { scheduler, data } = this
    const rule = stepRule(data, this.unconditional)
    const out = scheduler.emptyTokens(steps[0]!.sample.shape)
    const run = ({ timestep, previousTimestep, counter, sample }: HostStep) =>
      scheduler.step(this.conditional, timestep, sample, {
        ...{ ...rule, previousTimestep, generator: generatorAt(data.seeds, counter), out },
      })
    const timing = repeating(
      (times) =>
        wallTime(() => {
          for (let i = 0; i < times; i++) for (const step of steps) run(step)
        }),
      { steps: steps.length },
    )
    // It is the oracle of the others; here they are its: only ties may be otherwise.
    const verify = async () =>
      checkTokens(`${rowNames.twin}, ${phase}`, out.data as Uint32Array, steps.at(-1)!.wanted, exact, () => 0)
    return { peer: rowNames.twin, kind: 'peer', runsOn: 'JavaScript', phase, timedBy: 'wall clock', ...timing, verify }
  }

  private async hostStep(step: ChainStep): Promise<HostStep> {
    const made = this.#hostSteps.get(step)
    if (made) return made
    const { sample, prevSample, ...rest } = step
    const hostStep = {
      ...rest,
      sample: new CpuTensor((await sample.read()) as Uint32Array, sample.shape),
      wanted: (await prevSample.read()) as Uint32Array,
    }
    this.#hostSteps.set(step, hostStep)
    return hostStep
  }
}
