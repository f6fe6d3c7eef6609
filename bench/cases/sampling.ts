import type { Row } from '../report/results'

/** A row of the results that is timed again and again. */
export interface Probe extends Row {
  /** Does the work `times` times; resolves to the microseconds of all together. */
  run(times: number): Promise<number>
  /** Steps that `run` does each time; 1 by default. */
  readonly steps?: number
  /** Rejects with CheckError unless the last run gave the right result. */
  verify(): Promise<void>
}

const mostSamples = 50
const fewestSamples = 3
/** A row may exceed its time by this factor to reach the fewest samples. */
const overdraft = 8
/** Shorter samples are too short for a clock that ticks every tenth of a millisecond. */
const sampleMicroseconds = 20_000
/** What takes this long is warmed up by one run. */
const slowMicroseconds = 100_000

/**
 * Microseconds a step of all probes: one sample of each a round, in alternating order, so that whatever slows the machine
 * down for a while slows all of them. A probe leaves when it has had its time and the fewest samples, or overdrawn its time.
 */
export async function sampleInRounds(
  probes: readonly Probe[],
  secondsPerRow: number,
  now = () => performance.now(),
): Promise<readonly { probe: Probe; samples: readonly number[] }[]> {
  const rows: { probe: Probe; times: number; samples: number[]; milliseconds: number }[] = []
  for (const probe of probes) rows.push({ probe, times: await warmUp(probe), samples: [], milliseconds: 0 })
  const hasTime = ({ samples, milliseconds }: (typeof rows)[number]) =>
    milliseconds < secondsPerRow * 1000 * (samples.length < fewestSamples ? overdraft : 1)
  for (let round = 0; ; round++) {
    const turn = rows.filter((row) => row.samples.length < mostSamples && hasTime(row))
    if (turn.length === 0) return rows
    if (round % 2 === 1) turn.reverse()
    for (const row of turn) {
      const { probe, times, samples } = row
      const begun = now()
      samples.push((await probe.run(times)) / (times * (probe.steps ?? 1)))
      row.milliseconds += now() - begun
    }
  }
}

/** Compiles, allocates and wakes the GPU up; returns how often a sample repeats the work. */
async function warmUp(probe: Probe): Promise<number> {
  if ((await probe.run(1)) > slowMicroseconds) return 1
  return Math.min(1000, Math.ceil(sampleMicroseconds / Math.max(1, await probe.run(1))))
}

/** Microseconds of `work`, done `times` times, by the wall clock. */
export async function wallTime(work: () => unknown, times = 1): Promise<number> {
  const begun = performance.now()
  for (let time = 0; time < times; time++) await work()
  return (performance.now() - begun) * 1000
}
