import type { StepDiagnostics } from '../options'
import { type Softmax, softmaxOf } from './softmax'
import type { CpuTensor } from './tensor'

/** Writes entropy and highest probability of a token, and returns the softmax of its column of logits. */
export function diagnose(
  { entropy, topProbability }: StepDiagnostics<CpuTensor>,
  token: number,
  logits: Float64Array,
): Softmax {
  const softmax = softmaxOf(logits)
  const { high, total, weighted } = softmax
  // Invalid columns are 0.
  const isValid = Number.isFinite(high)
  // −Σ p log p = log Σ e^l − Σ l e^l / Σ e^l, l below the highest logit.
  entropy.data[token] = isValid ? Math.log(total) - weighted / total : 0
  topProbability.data[token] = isValid ? 1 / total : 0
  return softmax
}

/** Writes the numbers of tokens changed and of columns read. */
export function count(
  { counts }: StepDiagnostics<CpuTensor>,
  sample: CpuTensor,
  prevSample: CpuTensor,
  columnsRead: number,
): void {
  let changed = 0
  for (let token = 0; token < sample.size; token++) if (sample.data[token] !== prevSample.data[token]) changed++
  counts.data.set([changed, columnsRead])
}
