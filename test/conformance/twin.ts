import { checkClose } from './checks'
import type { FixtureCase } from './fixtures'
import { layoutOf, layouts } from './layouts'
import type { TwinBench } from './twin_bench'

/** Cases of what only the CPU twin has. */
export const twinOps: Record<string, (fixture: FixtureCase, bench: TwinBench) => Promise<void>> = {
  async vb_terms(fixture, bench) {
    const { fixtures } = bench
    const scheduler = await bench.scheduler(fixture)
    const [x0, xT] = [bench.tokens(fixture, 'x_0'), bench.tokens(fixture, 'x_t')]
    for (const layout of layouts) {
      const logPX0 = bench.upload(layoutOf(layout, fixtures.floats(fixture.inputs.log_p_x0!)))
      const { kl, decoderNll } = scheduler.vbTerms(logPX0, x0, xT, fixture.params.t, { layout })
      checkClose(`kl, ${layout}`, kl.data, fixtures.floats(fixture.outputs.kl), fixture.check)
      checkClose(`decoder_nll, ${layout}`, decoderNll.data, fixtures.floats(fixture.outputs.decoder_nll), fixture.check)
    }
  },
}
