import type { StepDiagnostics } from '../options'
import type { Softmax } from './softmax'
import type { CpuTensor } from './tensor'

/** Writes entropy and highest probability of one token. Those of an invalid column are 0. */
export function diagnose(
  { entropy, topProbability }: StepDiagnostics<CpuTensor>,
  token: number,
  { high, total, weighted }: Softmax,
): void {
  const isValid = Number.isFinite(high)
  // −Σ p log p = log Σ e^l − Σ l e^l / Σ e^l, l below the highest logit.
  entropy.data[token] = isValid ? Math.log(total) - weighted / total : 0
  topProbability.data[token] = isValid ? 1 / total : 0
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
