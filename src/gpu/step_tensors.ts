import { requireDtype, requireShape, requireTokensLike } from '../checks'
import { OptionError } from '../errors'
import type { KnownTokens, StepDiagnostics } from '../options'
import { asGpuTensor, type GpuTensor } from './tensor'

/**
 * Checks of the optional tensors of a step. All throw DtypeError, ShapeError, DeviceMismatchError, DestroyedError,
 * WebGPUError; those of tensors that the step writes to also OptionError.
 */

/** The tensors of one step; undefined for those that it lacks. */
export type StepTensors = readonly (GpuTensor | undefined)[]

export function requireKnown(
  device: GPUDevice,
  known: KnownTokens<GpuTensor>,
  sample: GpuTensor,
): KnownTokens<GpuTensor> {
  const check = (name: string, value: GpuTensor) => {
    const tensor = asGpuTensor(device, name, value)
    requireTokensLike(name, tensor, sample)
    return tensor
  }
  return { tokens: check('known.tokens', known.tokens), mask: check('known.mask', known.mask) }
}

/** The checked tensor for tokens, in a buffer that no other tensor of the step uses. */
export function requireOutput(
  device: GPUDevice,
  name: string,
  output: GpuTensor,
  others: StepTensors,
  sample: GpuTensor,
): GpuTensor {
  const tensor = asGpuTensor(device, name, output)
  requireTokensLike(name, tensor, sample)
  requireOwnBuffer(name, tensor, others)
  return tensor
}

/** Throws OptionError if a tensor is in a buffer that others use. */
export function requireOwnBuffer(name: string, tensor: GpuTensor, others: StepTensors): void {
  if (sharesBuffer(tensor, others))
    throw new OptionError(`${name} needs a buffer of its own; it shares one with another tensor of the same step.`)
}

/** The checked tensors for diagnostics: each begins a buffer that no other tensor of the step uses. */
export function requireDiagnostics(
  device: GPUDevice,
  { entropy, topProbability, counts }: StepDiagnostics<GpuTensor>,
  others: StepTensors,
  shape: readonly number[],
): StepDiagnostics<GpuTensor> {
  const used = [...others]
  const check = (name: string, value: GpuTensor, dtype: string, wanted: readonly number[], meaning: string) => {
    const tensor = asGpuTensor(device, `diagnostics.${name}`, value)
    requireDtype(`diagnostics.${name}`, tensor, [dtype])
    requireShape(`diagnostics.${name}`, tensor, wanted, meaning)
    if (tensor.offset !== 0 || sharesBuffer(tensor, used))
      throw new OptionError(`diagnostics.${name} needs a buffer of its own, from its beginning.`)
    used.push(tensor)
    return tensor
  }
  const checked = {
    entropy: check('entropy', entropy, 'f32', shape, "the sample's"),
    topProbability: check('topProbability', topProbability, 'f32', shape, "the sample's"),
    counts: check('counts', counts, 'u32', [2], '[tokens changed, columns read]'),
  }
  checked.counts.requireUsage('diagnostics.counts', 'COPY_DST')
  return checked
}

function sharesBuffer({ buffer }: GpuTensor, others: StepTensors): boolean {
  return others.some((other) => other?.buffer === buffer)
}
