import type { Phase, RowKind, RunsOn, TimedBy } from './results'

/** Something that is timed again and again: one row of the results. */
export interface Probe extends Timing {
  readonly peer: string
  readonly kind: RowKind
  readonly runsOn: RunsOn
  readonly phase: Phase
  readonly timedBy: TimedBy
  /** Rejects with CheckError unless what was timed last gave the right result. */
  verify(): Promise<void>
}

export interface Timing {
  /** Compiles, allocates, wakes the GPU up. To be called once, before the first `time`. */
  warmUp(): Promise<void>
  /** Times once; microseconds a step. */
  time(): Promise<number>
}

/** A row that cannot be measured. */
export interface Absence {
  readonly peer: string
  readonly kind: RowKind
  readonly runsOn: RunsOn
  readonly phase: Phase
  readonly whyNot: string
}

/** Shorter than this is too short for a clock that ticks every tenth of a millisecond. */
const targetMicroseconds = 20_000
const mostTimes = 1000
/** What takes this long is not run again only to see how long it takes when it is warm. */
const slowMicroseconds = 100_000
/** What took this long before is not warmed up. */
const verySlowMicroseconds = 2e6

/**
 * Repeats `run` within one sample, often enough for the clock.
 *
 * @param run does it `times` times and gives the microseconds of all together
 * @param steps how many steps one time is
 * @param alreadyTook what it took when it was done before, compilation included, if it was
 */
export function repeating(run: (times: number) => Promise<number>, { steps = 1, alreadyTook = 0 } = {}): Timing {
  let times = 1
  const warmUp = async () => {
    if (alreadyTook > verySlowMicroseconds) return
    if ((await run(1)) > slowMicroseconds) return
    const once = Math.max(1, await run(1))
    times = Math.min(mostTimes, Math.max(1, Math.ceil(targetMicroseconds / once)))
  }
  return { warmUp, time: async () => (await run(times)) / (times * steps) }
}

/** Runs `work` by the wall clock, in microseconds. */
export async function wallTime(work: () => void | Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) * 1000
}
