import { VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { caseText } from './case'
import type { Clock } from './clock'
import type { Peer } from './peer'
import type { PeerName, PlannedCase } from './plan'
import type { Figures, Result } from './results'
import type { Patience } from './rounds'
import { measureCase } from './run_case'
import { SizeData } from './size_data'
import { numCodes, type Size, sizeText } from './sizes'

/** Peers that only some environments can load, and what else differs between a browser and Node. */
export interface Environment {
  readonly loadPeer: Partial<Record<PeerName, () => Promise<Peer>>>
  /** Whole pictures of the demo's model, where it can be run. */
  readonly pictures?: (device: GPUDevice) => Promise<Figures>
  log(line: string): void
}

/** Measures all cases, size by size, so that large tensors are made once. */
export async function measureCases(
  device: GPUDevice,
  clock: Clock,
  plan: readonly PlannedCase[],
  patience: Patience,
  environment: Environment,
): Promise<Result[]> {
  const errors: string[] = []
  device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message))
  const results: Result[] = []
  for (const [text, cases] of groupBySize(plan)) {
    const size: Size = cases[0]!.id
    const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: numCodes(size) + 1 })
    const source = new SizeData(device, size)
    try {
      for (const { id, peers } of cases) {
        const begun = performance.now()
        results.push(...(await measureCase({ source, scheduler, clock, patience, environment }, id, peers)))
        if (errors.length > 0) throw new Error(`WebGPU: ${errors.join('\n')}`)
        environment.log(`${caseText(id)}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
      }
    } finally {
      source.destroy()
      scheduler.destroy()
      environment.log(`${text} done`)
    }
  }
  return results
}

function groupBySize(plan: readonly PlannedCase[]): Map<string, PlannedCase[]> {
  const groups = new Map<string, PlannedCase[]>()
  for (const planned of plan) {
    const text = sizeText(planned.id)
    groups.set(text, [...(groups.get(text) ?? []), planned])
  }
  return groups
}
