import fc from 'fast-check'
import { validCalls } from './arbitraries'
import { perform } from './calls'
import { changed, changes } from './changes'
import { differences, type Law } from './compare'
import { configurations } from './configurations'
import { bufferFaults, type CallDescription, type SequenceDescription } from './descriptions'
import type { FuzzEngine, FuzzScheduler } from './engines'
import { type Outcome, Violation } from './outcome'
import { hasSeed } from './pictures'

/** How many calls were made, and how many of them were done, by method. */
export type Tally = Map<string, { calls: number; done: number }>

export function callsOf(tally: Tally): number {
  return [...tally.values()].reduce((sum, { calls }) => sum + calls, 0)
}

/** A line for each method: its calls, and the share of them that was done rather than refused. */
export function tallyText(tally: Tally): string {
  return [...tally]
    .sort(([, a], [, b]) => b.calls - a.calls)
    .map(
      ([method, { calls, done }]) =>
        `${String(calls).padStart(7)}  ${Math.round((100 * done) / calls)} % done  ${method}`,
    )
    .join('\n')
}

/** Sequences of calls on a scheduler; about half of the calls have something wrong. */
export function sequences(numCodes: readonly number[], calls: number): fc.Arbitrary<SequenceDescription> {
  return configurations(numCodes).chain((config) => {
    const sizes = { K: config.num_vec_classes - 1, T: config.num_train_timesteps!, ranges: config.class_range }
    const call = fc
      .tuple(validCalls(sizes), fc.oneof(fc.constant([]), fc.array(changes, { minLength: 1, maxLength: 2 })))
      .map(([valid, wrong]) => wrong.reduce(changed, valid))
    return fc.array(call, { minLength: 1, maxLength: calls }).map((calls) => ({
      config,
      calls: calls.map((call, i) => (isUsable(calls.slice(0, i)) ? call : { ...call, valid: false })),
    }))
  })
}

/** Whether a scheduler can be used after these calls. */
function isUsable(calls: readonly CallDescription[]): boolean {
  return calls.every(({ method }) => method !== 'destroy')
}

/**
 * Makes the calls on a scheduler of each engine. Throws Violation unless they end alike: with the same values, tokens and
 * counters, or with the same named error; and if anything is left behind.
 *
 * @param engines the twin first
 */
export async function holds(
  engines: readonly FuzzEngine[],
  { config, calls }: SequenceDescription,
  tally: Tally,
): Promise<void> {
  const before = engines.map((engine) => engine.buffers())
  const runs = await Promise.all(engines.map(async (engine) => ({ engine, scheduler: await engine.create(config) })))
  for (const [i, call] of calls.entries()) {
    const result = await endsAlike(runs, call).catch((error: Error) => {
      error.message = `call ${i + 1} of ${calls.length}: ${error.message}`
      throw error
    })
    const { calls: made, done } = tally.get(call.method) ?? { calls: 0, done: 0 }
    tally.set(call.method, { calls: made + 1, done: done + (result === 'done' ? 1 : 0) })
    // Counters that refused work should have written to are no longer those of the twin.
    if (lawOf(call) === 'may refuse') break
  }
  for (const [i, { engine, scheduler }] of runs.entries()) {
    scheduler.destroy()
    const left = [...engine.buffers()].filter((buffer) => !before[i]!.has(buffer))
    if (left.length > 0) throw new Violation(`${engine.name}: left are ${left.map(({ label }) => label).join(', ')}`)
    const errors = await engine.strayErrors()
    if (errors.length > 0) throw new Violation(`${engine.name}: ${errors.join('; ')}`)
  }
}

interface Run {
  readonly engine: FuzzEngine
  readonly scheduler: FuzzScheduler
}

/** Makes a call on all engines, and compares with the first, the twin. Returns its result. */
async function endsAlike(runs: readonly Run[], call: CallDescription): Promise<string> {
  const outcomes: Outcome[] = []
  for (const { engine, scheduler } of runs) outcomes.push(await perform(engine, scheduler, call))
  const [twin, ...others] = outcomes
  const again = (nudge: number) => perform(runs[0]!.engine, runs[0]!.scheduler, call, nudge)
  for (const [i, other] of others.entries()) {
    if (call.method === 'pictures' && !hasSeed(call.parameters) && twin!.result === other.result) continue
    const found = await differences(twin!, other, { again, law: lawOf(call) })
    if (found) throw new Violation(`${call.method} differs on twin and ${runs[i + 1]!.engine.name}: ${found}`)
  }
  return twin!.result
}

/** What only the engine on the GPU knows to be wrong: tensors of onnxruntime-web, and buffers that WebGPU refuses. */
function lawOf({ parameters }: CallDescription): Law {
  const text = fc.stringify(parameters)
  if (bufferFaults.some((fault) => text.includes(`"place":"${fault}"`))) return 'may refuse'
  return text.includes('"value":"onnx') ? 'any error' : 'alike'
}
