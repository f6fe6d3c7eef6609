import type { GpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import type { CaseData } from './case'
import { Chain, type ChainStep, chainPhases } from './chain'
import type { Clock } from './clock'
import { rowNames } from './names'
import type { Oracle } from './oracle'
import { type Probe, repeating } from './probe'
import { Recording } from './recording'
import type { Phase } from './results'
import { CheckError } from './tokens'

/** Both chains of a case, drawn once and checked, and the probes that draw them again. */
export class OurChains {
  /** Where timed steps write. */
  readonly #spares: GpuTensor[] = []

  private constructor(
    private readonly scheduler: VQDiffusionScheduler,
    private readonly data: CaseData,
    private readonly clock: Clock,
    readonly long: Chain,
    readonly short: Chain,
  ) {}

  static async create(
    scheduler: VQDiffusionScheduler,
    data: CaseData,
    clock: Clock,
    oracle: Oracle,
  ): Promise<OurChains> {
    const [long, short] = [await Chain.draw(scheduler, data, 100), await Chain.draw(scheduler, data, 16)]
    for (const chain of [long, short])
      for (const step of new Set([chain.first, chain.middle, chain.last]))
        await oracle.checkStep(`${rowNames.ours}, t = ${step.timestep} of ${chain.steps.length}`, step, step.prevSample)
    const { invalidColumns, impossibleTokens } = await scheduler.readFaults()
    if (invalidColumns + impossibleTokens > 0) throw new CheckError(`${rowNames.ours}: the chain counted faults`)
    return new OurChains(scheduler, data, clock, long, short)
  }

  probes(): Probe[] {
    const { long, short } = this
    return [
      ...chainPhases(long, short).map(({ phase, chain, steps }) => this.inSubmit(phase, chain, steps)),
      this.awaited('mean of a 100-step chain', long),
      this.awaited('mean of a 16-step chain', short),
    ]
  }

  destroy(): void {
    for (const tensor of [...this.#spares, this.long, this.short]) tensor.destroy()
  }

  /** GPU time of steps that lie in one command buffer: what the kernels take. */
  private inSubmit(phase: Phase, chain: Chain, steps: readonly ChainStep[]): Probe {
    const spares = this.makeSpares()
    let last = spares[0]
    const recording = new Recording((encoder) => {
      last = follow(chain, steps, spares, encoder)
    })
    const timing = repeating(
      (times) =>
        this.clock.timeCommands((encoder) => {
          for (let i = 0; i < times; i++) recording.replay(encoder)
        }),
      { steps: steps.length, alreadyTook: steps === chain.steps ? chain.took : 0 },
    )
    const verify = () => requireEqual(rowNames.ours, phase, last, steps.at(-1)!.prevSample)
    return {
      peer: rowNames.ours,
      kind: 'ours',
      runsOn: 'WebGPU',
      phase,
      timedBy: this.clock.timedBy,
      ...timing,
      verify,
    }
  }

  /** Wall time of steps of which each is waited for, as in a page that shows every step. */
  private awaited(phase: Phase, chain: Chain): Probe {
    const { steps } = chain
    const spares = this.makeSpares()
    let last = spares[0]
    const time = async () => {
      await this.scheduler.finished()
      const begun = performance.now()
      let sample: GpuTensor | undefined
      for (const [i, step] of steps.entries()) {
        const out = spares[i % 2]!
        chain.run(step, { out, ...(sample && { sample }) })
        await this.scheduler.finished()
        sample = out
      }
      last = sample!
      return ((performance.now() - begun) * 1000) / steps.length
    }
    const verify = () => requireEqual(rowNames.awaited, phase, last, steps.at(-1)!.prevSample)
    return {
      peer: rowNames.awaited,
      kind: 'ours',
      runsOn: 'WebGPU',
      phase,
      timedBy: 'wall clock',
      // The rows that share its kernels have warmed them up.
      warmUp: async () => {},
      time,
      verify,
    }
  }

  /** Two that take turns; each probe has its own, so that its last result is there when it is checked. */
  private makeSpares(): [GpuTensor, GpuTensor] {
    const { batchSize, numLatentPixels } = this.data.id
    const make = () => this.scheduler.emptyTokens([batchSize, numLatentPixels])
    const spares: [GpuTensor, GpuTensor] = [make(), make()]
    this.#spares.push(...spares)
    return spares
  }
}

/** Records steps one after the other, each from what the one before gave; returns where the last writes. */
function follow(
  chain: Chain,
  steps: readonly ChainStep[],
  spares: readonly [GpuTensor, GpuTensor],
  encoder: GPUCommandEncoder,
): GpuTensor {
  let sample: GpuTensor | undefined
  for (const [i, step] of steps.entries()) {
    const out = spares[i % 2]!
    chain.run(step, { encoder, out, ...(sample && { sample }) })
    sample = out
  }
  return sample!
}

async function requireEqual(peer: string, phase: Phase, got: GpuTensor, want: GpuTensor): Promise<void> {
  const [a, b] = [await got.read(), await want.read()]
  if (a.some((token, i) => token !== b[i]))
    throw new CheckError(`${peer}, ${phase}: the timed run gave other tokens than the run that was checked`)
}
