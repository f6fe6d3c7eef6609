import { requireDtype, requireSampleShape, requireShape, requireTokens } from '../checks'
import { DestroyedError } from '../errors'
import type { Faults, StepDiagnostics } from '../options'
import { type ClassRange, isOutside } from '../process/class_ranges'
import type { Process } from '../process/process'
import { isPossible, type PossibleTokens } from '../process/routes'
import { requireOwnMemory, type StepTensors } from './step_tensors'
import { asCpuTensor, type CpuArray, CpuTensor, zeros } from './tensor'

/** What the parts of a scheduler share: tensors and fault counters. */
export class CpuContext {
  /** The counters of work without counters of its own, u32 [2]: invalid columns, impossible tokens. */
  readonly faults = new CpuTensor(new Uint32Array(2), [2])

  #destroyed = false

  constructor(readonly process: Process) {}

  destroy(): void {
    this.#destroyed = true
  }

  /** Throws DestroyedError. */
  assertUsable(): void {
    if (this.#destroyed) throw new DestroyedError('The scheduler was destroyed.')
  }

  /** u32 [B, N]. Throws ShapeError, DtypeError, TokenRangeError, DestroyedError. */
  uploadTokens(tokens: ArrayLike<number>, shape: readonly number[]): CpuTensor<Uint32Array> {
    this.assertUsable()
    requireSampleShape('uploadTokens', shape)
    return new CpuTensor(requireTokens(tokens, this.process.maskClass), shape)
  }

  emptyTokens(shape: readonly number[]): CpuTensor<Uint32Array> {
    this.assertUsable()
    return zeros(Uint32Array, shape)
  }

  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<CpuTensor> {
    this.assertUsable()
    requireSampleShape('emptyDiagnostics', shape)
    const perToken = () => zeros(Float64Array, shape)
    return { entropy: perToken(), topProbability: perToken(), counts: this.emptyTokens([2]) }
  }

  /** The given counters, checked, or the scheduler's own. Throws ShapeError, DtypeError, OptionError. */
  faultsOf(given: CpuTensor | undefined, inputs: StepTensors): CpuTensor {
    if (given === undefined) return this.faults
    const faults = asCpuTensor('faults', given)
    requireDtype('faults', faults, ['u32'])
    requireShape('faults', faults, [2], '[invalid columns, impossible tokens]')
    requireOwnMemory('faults', faults, inputs)
    return faults
  }

  /** Reads the scheduler's own counters and sets them to 0. */
  readFaults(): Faults {
    this.assertUsable()
    const [invalidColumns = 0, impossibleTokens = 0] = this.faults.data
    this.faults.data.fill(0)
    return { invalidColumns, impossibleTokens }
  }

  /** A token as a class. A token that is no class is read as the mask. */
  classOf(tokens: CpuArray, token: number): number {
    return Math.min(tokens[token]! >>> 0, this.process.maskClass)
  }

  /** The same; a token that is no class of the range, or that the process cannot produce, is counted. */
  countedClassOf(
    tokens: CpuArray,
    token: number,
    faults: CpuArray,
    possible: PossibleTokens,
    range: ClassRange,
  ): number {
    const { maskClass } = this.process
    const given = tokens[token]! >>> 0
    const isMask = given === maskClass
    if (!isPossible(possible, isMask) || (!isMask && isOutside(range, given))) faults[1]!++
    return Math.min(given, maskClass)
  }
}
