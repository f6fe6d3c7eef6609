import { OptionError } from './errors'
import { asGpuTensor, type OnnxGpuTensor } from './interop'
import type { LogitsSource } from './step'
import {
  type Guidance,
  type KnownTokens,
  type Layout,
  requireColumns,
  requireDtype,
  requireShape,
  type StepDiagnostics,
} from './step_options'
import type { GpuTensor } from './tensor'

/** Logits as a network gives them. */
export type LogitsTensor = GpuTensor | OnnxGpuTensor

/**
 * Checks the logits of B items of N pixels and K classes, and finds both halves. Without `guidance.unconditional` the
 * model output holds 2B items, the unconditional half first.
 */
export function logitsSource(
  device: GPUDevice,
  modelOutput: LogitsTensor,
  { layout = 'class-major', guidance }: { layout?: Layout; guidance?: Guidance<LogitsTensor> },
  [batchSize, numCodes, numPixels]: readonly [number, number, number],
): LogitsSource {
  const check = (name: string, value: LogitsTensor, items: number): GpuTensor => {
    const tensor = asGpuTensor(device, name, value)
    requireDtype(name, tensor, ['f32', 'f16'])
    requireColumns(name, tensor, layout, [items, numCodes, numPixels])
    return tensor
  }
  const scale = guidance?.scale ?? 1
  if (!guidance)
    return { conditional: check('modelOutput', modelOutput, batchSize), unconditional: undefined, scale, layout }
  if (guidance.unconditional) {
    const conditional = check('modelOutput', modelOutput, batchSize)
    const unconditional = check('guidance.unconditional', guidance.unconditional, batchSize)
    requireDtype('guidance.unconditional', unconditional, [conditional.dtype])
    return { conditional, unconditional, scale, layout }
  }
  const both = check('modelOutput (unconditional half first)', modelOutput, 2 * batchSize)
  return { conditional: both.slice(batchSize, 2 * batchSize), unconditional: both.slice(0, batchSize), scale, layout }
}

/** Checks known tokens and their mask: u32 of the sample's shape. */
export function requireKnown(
  device: GPUDevice,
  known: KnownTokens<GpuTensor>,
  shape: readonly number[],
): KnownTokens<GpuTensor> {
  const check = (name: string, value: GpuTensor) => {
    const tensor = asGpuTensor(device, name, value)
    requireDtype(name, tensor, ['u32', 'i32'])
    requireShape(name, tensor, shape, "the sample's")
    return tensor
  }
  return { tokens: check('known.tokens', known.tokens), mask: check('known.mask', known.mask) }
}

/** Tensors of one step, or none in their places. */
type Tensors = readonly (GpuTensor | undefined)[]

/** Checks a tensor that a step is to write: u32 of the sample's shape, in a buffer that none of the others uses. */
export function requireOutput(
  device: GPUDevice,
  name: string,
  output: GpuTensor,
  others: Tensors,
  shape: readonly number[],
): void {
  const tensor = asGpuTensor(device, name, output)
  requireDtype(name, tensor, ['u32', 'i32'])
  requireShape(name, tensor, shape, "the sample's")
  if (sharesBuffer(tensor, others))
    throw new OptionError(`${name} needs a buffer of its own; it shares one with another tensor of the same step.`)
}

function sharesBuffer({ buffer }: GpuTensor, others: Tensors): boolean {
  return others.some((other) => other?.buffer === buffer)
}

/** Checks tensors that diagnostics are to be written to: each begins a buffer that nothing else uses. */
export function requireDiagnostics(
  device: GPUDevice,
  { entropy, topProbability, counts }: StepDiagnostics<GpuTensor>,
  others: Tensors,
  shape: readonly number[],
): void {
  const used = [...others]
  const check = (name: string, value: GpuTensor, dtype: string, wanted: readonly number[], meaning: string) => {
    const tensor = asGpuTensor(device, `diagnostics.${name}`, value)
    requireDtype(`diagnostics.${name}`, tensor, [dtype])
    requireShape(`diagnostics.${name}`, tensor, wanted, meaning)
    if (tensor.offset !== 0 || sharesBuffer(tensor, used))
      throw new OptionError(`diagnostics.${name} needs a buffer of its own, from its beginning.`)
    used.push(tensor)
  }
  check('entropy', entropy, 'f32', shape, "the sample's")
  check('topProbability', topProbability, 'f32', shape, "the sample's")
  check('counts', counts, 'u32', [2], '[tokens changed, columns read]')
}
