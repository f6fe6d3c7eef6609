import fc from 'fast-check'
import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { GpuEngine, TwinEngine } from './engines'
import { holds, sequences, type Tally } from './property'

it('every call ends alike on both engines', async () => {
  let runs = 0
  const begun = performance.now()
  const tally: Tally = new Map()
  const engines = [new TwinEngine(), new GpuEngine(await requestDevice())]
  await fc.assert(
    fc.asyncProperty(sequences([1, 7, 16], 4), async (sequence) => {
      await holds(engines, sequence, tally)
      if (tally.size % 1 === 0 && ++runs % 50 === 0)
        console.log(
          runs,
          Math.round(performance.now() - begun),
          [...tally.values()].reduce((n, { calls }) => n + calls, 0),
        )
    }),
    { seed: Number(import.meta.env.VITE_SEED ?? 1), numRuns: Number(import.meta.env.VITE_RUNS ?? 100) },
  )
  console.log(JSON.stringify(Object.fromEntries(tally)))
  expect(tally.size).toBeGreaterThan(20)
}, 600_000)
