import { elementCount, requireTokens } from '../checks'
import type { Faults, StepDiagnostics } from '../options'
import type { Process } from '../process/process'
import { type CpuArray, CpuTensor } from './tensor'

/** What the parts of a scheduler share: tensors and fault counters. */
export class CpuContext {
  /** The counters of work without counters of its own, u32 [2]: invalid columns, impossible tokens. */
  readonly faults = new CpuTensor(new Uint32Array(2), [2])

  constructor(readonly process: Process) {}

  /** u32 [B, N]. Throws TokenRangeError, ShapeError. */
  uploadTokens(tokens: ArrayLike<number>, shape: readonly number[]): CpuTensor<Uint32Array> {
    return new CpuTensor(requireTokens(tokens, this.process.maskClass), shape)
  }

  emptyTokens(shape: readonly number[]): CpuTensor<Uint32Array> {
    return new CpuTensor(new Uint32Array(elementCount(shape)), shape)
  }

  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<CpuTensor> {
    const perToken = () => new CpuTensor(new Float64Array(elementCount(shape)), shape)
    return { entropy: perToken(), topProbability: perToken(), counts: this.emptyTokens([2]) }
  }

  /** Reads the scheduler's own counters and sets them to 0. */
  readFaults(): Faults {
    const [invalidColumns = 0, impossibleTokens = 0] = this.faults.data
    this.faults.data.fill(0)
    return { invalidColumns, impossibleTokens }
  }

  /** A token as a class. A token that is no class is read as the mask and counted, if counters are given. */
  classOf(tokens: CpuArray, token: number, faults?: CpuArray): number {
    const { maskClass } = this.process
    const given = tokens[token]! >>> 0
    if (faults && given > maskClass) faults[1]!++
    return Math.min(given, maskClass)
  }
}
