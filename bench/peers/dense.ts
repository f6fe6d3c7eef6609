import type { GpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { type CaseData, stepRule } from '../case'
import type { ChainStep } from '../chain'
import type { Clock } from '../clock'
import { rowNames } from '../names'
import { type Probe, repeating } from '../probe'
import type { Tolerance } from '../tokens'

/**
 * Our own reference-identical path: every column read, the posterior of every class, the noise given. Truncation is a
 * pass of its own before it, to a dense tensor, as in the reference.
 */
export async function denseProbe(
  scheduler: VQDiffusionScheduler,
  data: CaseData,
  clock: Clock,
  { timestep, previousTimestep, sample }: ChainStep,
  check: (what: string, tokens: Uint32Array, tolerance: Tolerance) => void,
): Promise<{ probe: Probe; out: GpuTensor }> {
  const noise = await data.source.noise(data.id.layout)
  const out = scheduler.emptyTokens(sample.shape)
  const { truncationRate, ...rule } = stepRule(data, data.unconditional)
  const plain = { layout: rule.layout, previousTimestep, noise, out }
  const step = () => {
    if (truncationRate === undefined) {
      scheduler.step(data.conditional, timestep, sample, { ...rule, ...plain })
      return
    }
    const logPX0 = scheduler.logPX0(data.conditional, { ...rule, truncationRate, normalise: false })
    scheduler.step(logPX0, timestep, sample, plain)
    logPX0.destroy()
  }
  const timing = repeating((times) =>
    clock.time(() => {
      for (let i = 0; i < times; i++) step()
    }),
  )
  const verify = async () => check(rowNames.dense, (await out.read()) as Uint32Array, floatingTies)
  const about = { peer: rowNames.dense, kind: 'ours', runsOn: 'WebGPU', phase: 'any step' } as const
  return { probe: { ...about, timedBy: clock.timedBy, ...timing, verify }, out }
}

/**
 * What any float32 rendering of the reference's draw is allowed: WGSL's log is only required to be within 2⁻²¹ of the
 * truth near 1, where the noise that wins an argmax comes from.
 */
export const floatingTies: Tolerance = { margin: 2e-2, share: 5e-3 }
