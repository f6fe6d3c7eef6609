import type { StepDiagnostics } from '../step_options'
import { type ColumnReader, highest, readColumn } from './columns'
import type { CpuTensor } from './tensor'

/** Fills in what a step did: entropy and highest probability of p(x₀) per token, and the tokens that changed. */
export function diagnose(
  { entropy, topProbability, counts }: StepDiagnostics<CpuTensor>,
  {
    sample,
    prevSample,
    logits,
    numCodes,
    columnsRead,
  }: { sample: CpuTensor; prevSample: CpuTensor; logits: ColumnReader; numCodes: number; columnsRead: number },
): void {
  entropy.data.fill(0)
  topProbability.data.fill(0)
  counts.data.set([0, columnsRead])
  for (let token = 0; token < sample.size; token++) {
    const column = readColumn(logits, token, numCodes)
    const high = highest(column)
    // Worthless: NaN passes on.
    if (Number.isFinite(high)) {
      // −Σ p log p = log Σ e^l − Σ l e^l / Σ e^l, l below the highest logit.
      let [total, weighted] = [0, 0]
      for (const logit of column) {
        if (logit === -Infinity) continue
        const weight = Math.exp(logit - high)
        total += weight
        weighted += weight * (logit - high)
      }
      topProbability.data[token] = 1 / total
      entropy.data[token] = Math.log(total) - weighted / total
    }
    if (sample.data[token] !== prevSample.data[token]) counts.data[0]!++
  }
}
