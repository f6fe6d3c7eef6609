import { requireDtype, requireShape, requireTokensLike } from '../checks'
import { OptionError } from '../errors'
import type { KnownTokens, StepDiagnostics } from '../options'
import { floatDtypes } from './logits'
import { asCpuTensor, type CpuTensor } from './tensor'

/**
 * Checks of the optional tensors of a step. All throw DtypeError and ShapeError; those of tensors that the step writes
 * to also OptionError.
 */

/** The tensors of one step; undefined for those that it lacks. */
export type StepTensors = readonly (CpuTensor | undefined)[]

export function requireKnown(known: KnownTokens<CpuTensor>, sample: CpuTensor): void {
  for (const part of ['tokens', 'mask'] as const)
    requireTokensLike(`known.${part}`, asCpuTensor(`known.${part}`, known[part]), sample)
}

/** Checks a tensor for tokens, in memory that no other tensor of the step uses. */
export function requireOutput(name: string, output: CpuTensor, others: StepTensors, sample: CpuTensor): void {
  requireTokensLike(name, asCpuTensor(name, output), sample)
  requireOwnMemory(name, output, others)
}

/** Checks tensors for diagnostics, each in memory that no other tensor of the step uses. */
export function requireDiagnostics(
  { entropy, topProbability, counts }: StepDiagnostics<CpuTensor>,
  others: StepTensors,
  shape: readonly number[],
): void {
  const used = [...others]
  const check = (
    name: string,
    value: CpuTensor,
    dtypes: readonly string[],
    wanted: readonly number[],
    meaning: string,
  ) => {
    const tensor = asCpuTensor(`diagnostics.${name}`, value)
    requireDtype(`diagnostics.${name}`, tensor, dtypes)
    requireShape(`diagnostics.${name}`, tensor, wanted, meaning)
    requireOwnMemory(`diagnostics.${name}`, tensor, used)
    used.push(tensor)
  }
  check('entropy', entropy, floatDtypes, shape, "the sample's")
  check('topProbability', topProbability, floatDtypes, shape, "the sample's")
  check('counts', counts, ['u32'], [2], '[tokens changed, columns read]')
}

/** Throws OptionError if a tensor is in memory that others use. */
export function requireOwnMemory(name: string, { data }: CpuTensor, others: StepTensors): void {
  const end = data.byteOffset + data.byteLength
  const overlaps = others.some(
    (other) =>
      other?.data.buffer === data.buffer &&
      other.data.byteOffset < end &&
      data.byteOffset < other.data.byteOffset + other.data.byteLength,
  )
  if (overlaps)
    throw new OptionError(`${name} needs memory of its own; it shares some with another tensor of the same step.`)
}
