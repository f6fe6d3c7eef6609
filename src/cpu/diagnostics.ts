import type { StepDiagnostics } from '../options'
import { highest } from '../process/log_space'
import { type ColumnReader, readColumn } from './logits'
import type { CpuTensor } from './tensor'

/** Fills in the diagnostics of a step. */
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
    // Invalid columns stay 0.
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
