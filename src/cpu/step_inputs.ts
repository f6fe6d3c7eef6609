import { type Guidance, type Layout, requireColumns, requireDtype } from '../step_options'
import { type ColumnReader, columns, guided } from './columns'
import type { CpuTensor } from './tensor'

export const logitDtypes: readonly string[] = ['f32', 'f64']

/**
 * Checks the logits of B items of N pixels and K classes, and reads them, guided if asked for. Without
 * `guidance.unconditional` the model output holds 2B items, the unconditional half first. Throws ShapeError, DtypeError.
 */
export function logitsReader(
  modelOutput: CpuTensor,
  { layout = 'class-major', guidance }: { layout?: Layout; guidance?: Guidance<CpuTensor> },
  [batchSize, numCodes, numPixels]: readonly [number, number, number],
): ColumnReader {
  const check = (name: string, tensor: CpuTensor, items: number) => {
    requireDtype(name, tensor, logitDtypes)
    requireColumns(name, tensor, layout, [items, numCodes, numPixels])
    return columns(tensor, layout, numCodes, numPixels)
  }
  if (!guidance) return check('modelOutput', modelOutput, batchSize)
  if (guidance.unconditional) {
    const conditional = check('modelOutput', modelOutput, batchSize)
    return guided(conditional, check('guidance.unconditional', guidance.unconditional, batchSize), guidance.scale)
  }
  const both = check('modelOutput (unconditional half first)', modelOutput, 2 * batchSize)
  return guided((token, k) => both(token + batchSize * numPixels, k), both, guidance.scale)
}
