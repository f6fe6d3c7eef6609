import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { type Chains, chainPhases, generatorAt } from '../cases/chains'
import { type CaseData, stepOptions } from '../cases/data'
import { type Probe, wallTime } from '../cases/sampling'
import { contestants } from '../report/results'
import type { Problem } from './peer'
import { checkTokens, exactDraw } from './refusal'

/** The same chains by our float64 twin, which also reads only the columns that matter. */
export async function twinProbes(data: CaseData, problem: Problem, chains: Chains): Promise<Probe[]> {
  const scheduler = await CpuScheduler.create({ num_vec_classes: data.C })
  const { shape } = data.conditional
  const conditional = new CpuTensor(problem.conditional, shape)
  const options = stepOptions(data, problem.unconditional && new CpuTensor(problem.unconditional, shape))
  const probes: Probe[] = []
  for (const { phase, steps } of chainPhases(chains)) {
    const out = scheduler.emptyTokens([data.B, data.N])
    // Each step starts from the x_t of the chain that was checked.
    const hostSteps: (() => void)[] = []
    for (const { timestep, previousTimestep, counter, sample } of steps) {
      const xT = new CpuTensor((await sample.read()) as Uint32Array, sample.shape)
      hostSteps.push(() => {
        const generator = generatorAt(data.seeds, counter)
        scheduler.step(conditional, timestep, xT, { ...options, previousTimestep, generator, out })
      })
    }
    const run = (times: number) =>
      wallTime(() => {
        for (let i = 0; i < times; i++) for (const step of hostSteps) step()
      })
    // The twin is the oracle of the others; here their tokens check the twin's.
    const want = await steps.at(-1)!.prevSample.read()
    const verify = async () => checkTokens(`the twin, ${phase}`, out.data, want, exactDraw, () => 0)
    probes.push({ ...contestants.twin, phase, timed_by: 'wall clock', steps: steps.length, run, verify })
  }
  return probes
}
