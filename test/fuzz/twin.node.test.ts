import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TwinEngine } from './engines'
import { holds, sequences, type Tally } from './property'

it('every call of the twin gives a result or a named error, and changes nothing that it should not', async () => {
  const tally: Tally = new Map()
  const engine = new TwinEngine()
  await fc.assert(
    fc.asyncProperty(sequences([1, 2, 3, 7, 16, 33, 70], 4), (sequence) => holds([engine, engine], sequence, tally)),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 1000) },
  )
  console.log(Object.fromEntries(tally))
  expect(tally.size).toBeGreaterThan(20)
}, 600_000)
