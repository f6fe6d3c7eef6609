import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TwinEngine } from './engines'
import { callsOf, holds, sequences, type Tally } from './property'

/** Each call is made twice, on two schedulers: the same arguments give the same result. */
it('every call of the twin gives a result or a named error, and changes nothing else', async () => {
  const tally: Tally = new Map()
  const engines = [new TwinEngine(), new TwinEngine()]
  const property = fc.asyncProperty(sequences([1, 2, 6, 33, 70], 4), (sequence) => holds(engines, sequence, tally))
  await fc.assert(property, { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 300) })
  expect(callsOf(tally)).toBeGreaterThan(500)
})
