import type { GpuTensor } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { type ChainStep, type Chains, chainPhases, generatorAt } from '../cases/chains'
import { type CaseData, readLast, stepOptions } from '../cases/data'
import { type Probe, wallTime } from '../cases/sampling'
import { contestants } from '../report/results'
import { checkTokens, exactDraw } from './refusal'

/** Our float64 twin with the logits of the last items of a case, which draw what they would draw alone. */
export class Twin {
  private constructor(
    private readonly data: CaseData,
    private readonly items: number,
    private readonly scheduler: CpuScheduler,
    readonly conditional: CpuTensor,
    readonly unconditional: CpuTensor | undefined,
  ) {}

  static async create(data: CaseData, items: number): Promise<Twin> {
    const scheduler = await CpuScheduler.create({ num_vec_classes: data.C })
    const read = async (logits: GpuTensor) =>
      new CpuTensor(await readLast(logits, items), [items, ...logits.shape.slice(1)])
    const { conditional, unconditional } = data
    return new Twin(data, items, scheduler, await read(conditional), unconditional && (await read(unconditional)))
  }

  /** Tokens of the items on the host, [items, N]. */
  async tokens(tensor: GpuTensor): Promise<CpuTensor> {
    const { B, N } = this.data
    return new CpuTensor((await tensor.slice(B - this.items, B).read()) as Uint32Array, [this.items, N])
  }

  /** Does a step of a chain with the chain's seeds; returns x_u. */
  draw({ timestep, previousTimestep, counter }: ChainStep, xT: CpuTensor): ArrayLike<number> {
    const generator = generatorAt(this.data.seeds.slice(-this.items), counter)
    const options = { ...stepOptions(this.data, this.unconditional), previousTimestep, generator }
    return this.scheduler.step(this.conditional, timestep, xT, options).prevSample.data
  }
}

/** The same chains by the twin, which also reads only the columns that matter. */
export async function twinProbes(data: CaseData, chains: Chains): Promise<Probe[]> {
  const twin = await Twin.create(data, data.B)
  const probes: Probe[] = []
  for (const { phase, steps } of chainPhases(chains)) {
    // Each step starts from the x_t of the chain that was checked.
    const samples: CpuTensor[] = []
    for (const { sample } of steps) samples.push(await twin.tokens(sample))
    let tokens: ArrayLike<number> = []
    const chain = () => {
      for (const [i, step] of steps.entries()) tokens = twin.draw(step, samples[i]!)
    }
    const run = (times: number) => wallTime(chain, times)
    // The twin is the oracle of the others; here their tokens check the twin's.
    const want = await steps.at(-1)!.prevSample.read()
    const verify = async () => checkTokens(`the twin, ${phase}`, tokens, want, exactDraw, () => 0)
    probes.push({ ...contestants.twin, phase, timed_by: 'wall clock', steps: steps.length, run, verify })
  }
  return probes
}
