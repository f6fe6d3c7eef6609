import type { ChainStep } from '../cases/chains'
import { type CaseData, readLast } from '../cases/data'
import type { Case, PeerName } from '../cases/plan'
import { type Probe, wallTime } from '../cases/sampling'
import { contestants } from '../report/results'
import type { Oracle } from './oracle'
import { UnableError } from './refusal'

/** One dense step for peers that know nothing of this library, with everything it needs on the host. */
export interface Problem extends Case, Pick<CaseData, 'device' | 'own' | 'guidanceScale' | 'truncationRate'> {
  /** t and u of the step; u = −1 is clean data. */
  readonly timestep: number
  readonly previousTimestep: number
  /** x_t, [B, N]. */
  readonly sample: Uint32Array
  /** Raw logits [B, K, N] or [B, N, K] by `layout`; the values are those of f16 numbers where `dtype` is. */
  readonly conditional: Float32Array
  /** With the guided modes, like `conditional`. */
  readonly unconditional: Float32Array | undefined
  /** Uniforms of the reference-identical draw: [B, C, N] or [B, N, C] by `layout`; [.., K, ..] where u = −1. */
  readonly noise: Float32Array
}

/** A problem that was uploaded, compiled and run once. */
export interface PreparedPeer {
  /** Enqueues, or does, one step. */
  step(): void | Promise<void>
  /** Resolves when all steps so far are done; left out where `step` does them. */
  finished?(): Promise<unknown>
  /** x_u of the last step, [B, N]. */
  tokens(): Uint32Array | Promise<Uint32Array>
}

/** Another way to do the same step. Rejects with UnableError if it cannot do this problem. */
export type Peer = (problem: Problem) => Promise<PreparedPeer>

/** Bytes of logits that are copied to the host. */
const hostLimit = 2 ** 26
/** A slower step cannot be repeated often enough to be measured. */
const mostSeconds = 60

/** Throws UnableError if the logits are too large for peers that need them on the host. */
export function requireHostCopy({ B, C, N }: CaseData): void {
  const bytes = 4 * B * (C - 1) * N
  if (bytes > hostLimit)
    throw new UnableError(`${bytes / 2 ** 20} MiB of logits to copy to the host; the limit is ${hostLimit / 2 ** 20}`)
}

/** A step of the last items of a case. */
export async function readProblem(data: CaseData, step: ChainStep, items: number): Promise<Problem> {
  const { timestep, previousTimestep, sample } = step
  return {
    ...data,
    B: items,
    timestep,
    previousTimestep,
    sample: (await sample.slice(data.B - items, data.B).read()) as Uint32Array,
    conditional: await readLast(data.conditional, items),
    unconditional: data.unconditional && (await readLast(data.unconditional, items)),
    noise: await readLast(await data.noise(), items),
  }
}

/** The row of a dense step, which counts as every step: its work does not depend on t. */
export async function peerProbe(name: PeerName, peer: PreparedPeer, oracle: Oracle): Promise<Probe> {
  const run = (times: number) =>
    wallTime(async () => {
      for (let i = 0; i < times; i++) await peer.step()
      await peer.finished?.()
    })
  const seconds = (await run(1)) / 1e6
  if (seconds > mostSeconds) throw new UnableError(`one step takes ${Math.round(seconds)} s`)
  const verify = async () => oracle.checkDense(contestants[name].peer, await peer.tokens())
  return { ...contestants[name], phase: 'any step', timed_by: 'wall clock', run, verify }
}
