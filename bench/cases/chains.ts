import { type GpuTensor, RandomGenerator } from 'vq-diffusion-webgpu'
import type { Oracle } from '../peers/oracle'
import { CheckError } from '../peers/refusal'
import { contestants, type Phase, type Row } from '../report/results'
import { type CaseData, stepOptions } from './data'
import { recordOnce } from './recording'
import { type Probe, wallTime } from './sampling'

/** One step of a chain that was drawn: what is timed later has to give the same tokens. */
export interface ChainStep {
  readonly timestep: number
  readonly previousTimestep: number
  /** Of the generator, when the step draws. */
  readonly counter: number
  readonly sample: GpuTensor
  readonly prevSample: GpuTensor
}

type Chain = readonly ChainStep[]

/** Chains of exact strided steps from noise, with the same logits at every step. */
export interface Chains {
  readonly long: Chain
  readonly short: Chain
}

/** A generator as it is after `counter` drawing calls. */
export function generatorAt(seeds: readonly number[], counter: number): RandomGenerator {
  return RandomGenerator.fromState({ seeds: seeds.map(String), counter })
}

export function middleOf(chain: Chain): ChainStep {
  return chain[chain.length >> 1]!
}

/** Draws both chains and checks their first, middle and last steps. Rejects with CheckError. */
export async function drawChains(data: CaseData, oracle: Oracle): Promise<Chains> {
  const chains = { long: drawChain(data, 100), short: drawChain(data, 16) }
  for (const chain of [chains.long, chains.short])
    for (const step of new Set([chain[0]!, middleOf(chain), chain.at(-1)!]))
      await oracle.checkStep(`ours, t = ${step.timestep} of ${chain.length}`, step)
  const { invalidColumns, impossibleTokens } = await data.scheduler.readFaults()
  if (invalidColumns + impossibleTokens > 0) throw new CheckError('ours: the chain counted faults')
  return chains
}

function drawChain(data: CaseData, numInferenceSteps: number): Chain {
  const { scheduler, B, N } = data
  scheduler.setTimesteps(numInferenceSteps)
  const { timesteps } = scheduler
  let sample: GpuTensor = data.own(scheduler.initialSample([B, N], { generator: generatorAt(data.seeds, 0) }))
  return timesteps.map((timestep, i) => {
    const previousTimestep = timesteps[i + 1] ?? -1
    const step = { timestep, previousTimestep, counter: i + 1, sample, prevSample: emptyTokens(data) }
    sample = runStep(data, step, { out: step.prevSample })
    return step
  })
}

function emptyTokens(data: CaseData): GpuTensor {
  return data.own(data.scheduler.emptyTokens([data.B, data.N]))
}

/** Enqueues a step of a chain again, from its own x_t or another; returns `out`. */
function runStep(
  data: CaseData,
  { timestep, previousTimestep, counter, sample: own }: ChainStep,
  { sample = own, ...options }: { out: GpuTensor; sample?: GpuTensor; encoder?: GPUCommandEncoder },
): GpuTensor {
  const generator = generatorAt(data.seeds, counter)
  const common = stepOptions(data, data.unconditional)
  data.scheduler.step(data.conditional, timestep, sample, { ...common, previousTimestep, generator, ...options })
  return options.out
}

/** The phases that are timed, and their steps. */
export function chainPhases({ long, short }: Chains): readonly { phase: Phase; steps: Chain }[] {
  return [
    { phase: 'mean of a 100-step chain', steps: long },
    { phase: 'mean of a 16-step chain', steps: short },
    { phase: 'first step', steps: long.slice(0, 1) },
    { phase: 'middle step', steps: [middleOf(long)] },
    { phase: 'last step', steps: long.slice(-1) },
  ]
}

export function chainProbes(data: CaseData, chains: Chains): Probe[] {
  const phases = chainPhases(chains)
  const means = phases.filter(({ steps }) => steps.length > 1)
  return [
    ...phases.map(({ phase, steps }) => submittedProbe(data, phase, steps)),
    ...means.map(({ phase, steps }) => awaitedProbe(data, phase, steps)),
  ]
}

/** Steps in one command buffer: the time of the kernels. */
function submittedProbe(data: CaseData, phase: Phase, steps: Chain): Probe {
  const { clock } = data
  const out = [emptyTokens(data), emptyTokens(data)]
  const record = recordOnce((encoder) => {
    let sample: GpuTensor | undefined
    for (const [i, step] of steps.entries()) sample = runStep(data, step, { out: out[i % 2]!, sample, encoder })
  })
  const run = (times: number) => clock.time(record, times)
  return chainProbe({ ...contestants.ours, phase, timed_by: clock.timedBy }, steps, out, run)
}

/** Steps of which each is awaited, as in a page that shows every step. */
function awaitedProbe(data: CaseData, phase: Phase, steps: Chain): Probe {
  const out = [emptyTokens(data), emptyTokens(data)]
  const chain = async () => {
    let sample: GpuTensor | undefined
    for (const [i, step] of steps.entries()) {
      sample = runStep(data, step, { out: out[i % 2]!, sample })
      await data.scheduler.finished()
    }
  }
  const run = (times: number) => wallTime(chain, times)
  return chainProbe({ ...contestants.awaited, phase, timed_by: 'wall clock' }, steps, out, run)
}

/** @param out where the steps write in turn */
function chainProbe(row: Row, steps: Chain, out: readonly GpuTensor[], run: Probe['run']): Probe {
  const verify = async () => {
    // The last step of a chain does not depend on x_t; the step before it depends on all others.
    for (let i = Math.max(0, steps.length - 2); i < steps.length; i++) {
      const [got, want] = [await out[i % 2]!.read(), await steps[i]!.prevSample.read()]
      if (got.some((token, pixel) => token !== want[pixel]))
        throw new CheckError(`${row.peer}, ${row.phase}: the timed run gave other tokens than the run that was checked`)
    }
  }
  return { ...row, steps: steps.length, run, verify }
}
