import type { StepDiagnostics } from '../step_options'
import { type ColumnReader, readColumn } from './columns'
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
    const high = Math.max(...column)
    // Worthless: Math.max passes NaN on.
    if (Number.isFinite(high)) {
      const total = column.reduce((sum, logit) => sum + Math.exp(logit - high), 0)
      topProbability.data[token] = 1 / total
      entropy.data[token] = column.reduce((sum, logit) => {
        const logP = logit - high - Math.log(total)
        return logP === -Infinity ? sum : sum - Math.exp(logP) * logP
      }, 0)
    }
    if (sample.data[token] !== prevSample.data[token]) counts.data[0]!++
  }
}
