import { checkClose } from '../support/checks'
import { inLayout, layouts } from '../support/layouts'
import type { FixtureCase } from './fixtures'
import type { TwinEngine } from './twin_engine'

/** Cases of methods that only the CPU twin has. */
export const twinOps: Record<string, (fixture: FixtureCase, engine: TwinEngine) => Promise<void>> = {
  async vb_terms(fixture, engine) {
    const { fixtures } = engine
    const scheduler = await engine.scheduler(fixture)
    const [x0, xT] = [engine.tokens(fixture, 'x_0'), engine.tokens(fixture, 'x_t')]
    for (const layout of layouts) {
      const logPX0 = engine.upload(inLayout(layout, fixtures.floats(fixture.inputs.log_p_x0!)))
      const { kl, decoderNll } = scheduler.vbTerms(logPX0, x0, xT, fixture.params.t, { layout })
      checkClose(`kl, ${layout}`, kl.data, fixtures.floats(fixture.outputs.kl), fixture.check)
      checkClose(`decoder_nll, ${layout}`, decoderNll.data, fixtures.floats(fixture.outputs.decoder_nll), fixture.check)
    }
  },
}
