import { describe, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { Fixtures } from './fixtures'
import { createEngines, isSupported, runCase } from './run'

/** The reference's golden tensors on the kernels, in both layouts. */
const fixtures = await Fixtures.fetch('/test/fixtures/')
const engines = createEngines(await requestDevice(), fixtures)
const ops = [...new Set(fixtures.cases.map((fixture) => fixture.op))].filter(isSupported)

describe.each(ops)('%s', (op) => {
  for (const fixture of fixtures.cases) if (fixture.op === op) it(fixture.name, () => runCase(fixture, engines))
})
