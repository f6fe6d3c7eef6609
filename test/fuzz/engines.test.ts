import fc from 'fast-check'
import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { GpuEngine, TwinEngine } from './engines'
import { callsOf, holds, sequences, type Tally } from './property'

/** `npm run fuzz` makes many more calls, with other numbers of codes. */
it('calls with right and wrong arguments end alike on both engines', async () => {
  const tally: Tally = new Map()
  const engines = [new TwinEngine(), new GpuEngine(await requestDevice(), await requestDevice())]
  const property = fc.asyncProperty(sequences([6], 4), (sequence) => holds(engines, sequence, tally))
  await fc.assert(property, { seed: 1, numRuns: 14 })
  expect(callsOf(tally)).toBeGreaterThan(25)
})
