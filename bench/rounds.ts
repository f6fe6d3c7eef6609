import type { Probe } from './probe'

/** How long to measure. */
export interface Patience {
  /** After this long a row has enough, if it has the fewest samples. */
  readonly secondsPerRow: number
  readonly fewestSamples: number
  readonly mostSamples: number
}

/** How many times over a row may use up its time to have the fewest samples. */
const overdraft = 8

/**
 * Samples all probes in turn, one sample of each a round, in alternating order, so that whatever slows the machine down
 * for a while slows all of them. A probe leaves when it has had its time and the fewest samples; if one sample takes
 * longer than that many times over, it is left at fewer.
 */
export async function sampleInRounds(
  probes: readonly Probe[],
  { secondsPerRow, fewestSamples, mostSamples }: Patience,
  now: () => number = () => performance.now(),
): Promise<Map<Probe, readonly number[]>> {
  const rows = new Map(probes.map((probe) => [probe, { samples: [] as number[], milliseconds: 0 }]))
  for (const probe of probes) await probe.warmUp()
  const wants = (probe: Probe) => {
    const { samples, milliseconds } = rows.get(probe)!
    const budget = secondsPerRow * 1000
    if (samples.length >= mostSamples) return false
    if (samples.length >= fewestSamples) return milliseconds < budget
    return milliseconds < overdraft * budget
  }
  for (let round = 0; ; round++) {
    const turn = probes.filter(wants)
    if (turn.length === 0) break
    if (round % 2 === 1) turn.reverse()
    for (const probe of turn) {
      const row = rows.get(probe)!
      const begun = now()
      row.samples.push(await probe.time())
      row.milliseconds += now() - begun
    }
  }
  return new Map([...rows].map(([probe, { samples }]) => [probe, samples]))
}
