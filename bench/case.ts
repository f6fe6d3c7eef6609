import type { GpuTensor, Layout } from 'vq-diffusion-webgpu'
import type { Case, LogitsDtype, Mode } from './peer'
import type { SizeData } from './size_data'
import { sizeText } from './sizes'

export const layouts: readonly Layout[] = ['pixel-major', 'class-major']
export const dtypes: readonly LogitsDtype[] = ['f32', 'f16']
export const modes: readonly Mode[] = ['plain', 'guided', 'guided + truncated']

/** The demo's settings. */
const guidanceScale = 2.5
const truncationRate = 0.86

/** What differs between two cases of one size. */
export interface Variant {
  readonly layout: Layout
  readonly dtype: LogitsDtype
  readonly mode: Mode
}

export function caseText({ layout, dtype, mode, ...size }: Case): string {
  return `${sizeText(size)} ${layout} ${dtype} ${mode}`
}

/** A case with its logits on the device, and the options of `step` that follow from it. */
export interface CaseData {
  readonly id: Case
  readonly device: GPUDevice
  readonly source: SizeData
  readonly conditional: GpuTensor
  readonly unconditional: GpuTensor | undefined
  readonly guidanceScale: number
  readonly truncationRate: number
  /** One seed per item, so that an item can be checked alone. */
  readonly seeds: readonly number[]
}

export async function loadCase(source: SizeData, variant: Variant): Promise<CaseData> {
  const { layout, dtype, mode } = variant
  const guided = mode !== 'plain'
  return {
    id: { ...source.size, ...variant },
    device: source.device,
    source,
    conditional: await source.logits('conditional', dtype, layout),
    unconditional: guided ? await source.logits('unconditional', dtype, layout) : undefined,
    guidanceScale: guided ? guidanceScale : 1,
    truncationRate: mode === 'guided + truncated' ? truncationRate : 1,
    seeds: Array.from({ length: source.size.batchSize }, (_, item) => 1000 + item),
  }
}

/** Options of `step`, of either engine, that follow from a case; `unconditional` is that engine's tensor. */
export function stepRule<Tensor>(
  { id, guidanceScale: scale, truncationRate: rate }: CaseData,
  unconditional: Tensor | undefined,
) {
  return {
    layout: id.layout,
    ...(unconditional !== undefined && { guidance: { scale, unconditional } }),
    ...(rate < 1 && { truncationRate: rate }),
  }
}
