import { describe, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { Fixtures } from './conformance/fixtures'
import { KernelBench } from './conformance/kernel_bench'
import { isSupported, runCase } from './conformance/run'

/** The reference's golden tensors on the kernels, in both layouts; the laws by 2¹⁷ draws each, α = 1e-6. */
const fixtures = await Fixtures.fetch('/test/fixtures/')
const bench = new KernelBench(await requestDevice(), fixtures)
const ops = [...new Set(fixtures.cases.map((fixture) => fixture.op))].filter(isSupported)

describe.each(ops)('%s', (op) => {
  for (const fixture of fixtures.cases) if (fixture.op === op) it(fixture.name, () => runCase(fixture, bench))
})
