import type { CaseData } from '../case'
import type { ChainStep } from '../chain'
import { type Peer, PeerUnableError, type PreparedPeer, type Problem } from '../peer'
import { type Absence, type Probe, repeating, wallTime } from '../probe'
import { readFloats } from '../size_data'
import type { Tolerance } from '../tokens'
import { floatingTies } from './dense'

/** The case as a problem for peers that know nothing of ours: everything on the host too. */
export async function hostProblem(data: CaseData, { timestep, previousTimestep, sample }: ChainStep): Promise<Problem> {
  const { id, device, source, guidanceScale, truncationRate } = data
  return {
    ...{ ...id, device, timestep, previousTimestep, guidanceScale, truncationRate },
    sample: (await sample.read()) as Uint32Array,
    conditional: await readFloats(data.conditional),
    unconditional: data.unconditional && (await readFloats(data.unconditional)),
    noise: await readFloats(await source.noise(id.layout)),
  }
}

/** A peer as a row: its one step is every step, since the work of a dense step does not depend on t. */
export async function peerProbe(
  peer: Peer,
  problem: Problem,
  check: (what: string, tokens: Uint32Array, tolerance: Tolerance) => void,
): Promise<{ probe: Probe; prepared: PreparedPeer } | { absence: Absence }> {
  const about = { peer: peer.name, kind: 'peer', runsOn: peer.runsOn, phase: 'any step' } as const
  let prepared: PreparedPeer
  try {
    prepared = await peer.prepare(problem)
  } catch (error) {
    if (error instanceof PeerUnableError) return { absence: { ...about, whyNot: error.message } }
    throw error
  }
  const timing = repeating((times) =>
    wallTime(async () => {
      for (let i = 0; i < times; i++) await prepared.step()
      await prepared.finished()
    }),
  )
  const verify = async () => check(peer.name, await prepared.tokens(), floatingTies)
  return { probe: { ...about, timedBy: 'wall clock', ...timing, verify }, prepared }
}
