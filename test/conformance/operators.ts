import { type Bench, type BenchTensor, take } from './bench'
import { checkClose, checkTokens } from './checks'
import type { FixtureCase, FloatTensor } from './fixtures'
import { checkLaw, countTokens, draws } from './laws'
import { layoutOf, layouts, pixelMajor } from './layouts'

/** Runs an operator in both layouts; its results are compared in the reference's. */
async function inBothLayouts<T extends BenchTensor>(
  bench: Bench<T>,
  inputs: readonly FloatTensor[],
  shape: readonly number[],
  run: (tensors: T[], layout: (typeof layouts)[number]) => T | Promise<T>,
  check: (name: string, got: Float32Array) => void,
): Promise<void> {
  const [B = 0, rows = 0, N = 0] = shape
  for (const layout of layouts) {
    const tensors = inputs.map((input) => bench.upload(layoutOf(layout, input)))
    const raw = Float32Array.from(await take(await run(tensors, layout), ...tensors))
    check(layout, layout === 'class-major' ? raw : pixelMajor({ data: raw, shape: [B, N, rows] }).data)
  }
}

/** A case that either engine can run. */
type OperatorCase = <T extends BenchTensor>(fixture: FixtureCase, bench: Bench<T>) => Promise<void>

/** The reference's operators and the pipeline's pieces. */
export const operatorOps: Record<string, OperatorCase> = {
  async gumbel_noised(fixture, bench) {
    const [logits, noise] = [bench.floats(fixture, 'logits'), bench.floats(fixture, 'uniform')]
    const scheduler = await bench.scheduler({ numCodes: 1 })
    const got = await take(scheduler.gumbelNoised(logits, noise), logits, noise)
    checkClose('noised', got, bench.fixtures.floats(fixture.outputs.noised), fixture.check)
  },

  async index_to_log_onehot(fixture, bench) {
    const scheduler = await bench.scheduler(fixture)
    const want = bench.fixtures.floats(fixture.outputs.log_onehot)
    const x = bench.tokens(fixture, 'x')
    await inBothLayouts(
      bench,
      [],
      want.shape,
      (_, layout) => scheduler.indexToLogOnehot(x, want.shape[1]!, { layout }),
      (name, got) => checkClose(`log_onehot, ${name}`, got, want, fixture.check),
    )
    x.destroy()
  },

  async log_q_to_known(fixture, bench) {
    const scheduler = await bench.scheduler(fixture)
    const want = bench.fixtures.floats(fixture.outputs.log_q)
    const { t, cumulative } = fixture.params
    const xT = bench.tokens(fixture, 'x_t')
    await inBothLayouts(
      bench,
      [],
      want.shape,
      (_, layout) => scheduler.logQTTransitioningToKnownClass({ t, xT, cumulative, layout }),
      (name, got) => checkClose(`log_q, ${name}`, got, want, fixture.check),
    )
    xT.destroy()
  },

  async apply_cumulative_transitions(fixture, bench) {
    const scheduler = await bench.scheduler(fixture)
    const want = bench.fixtures.floats(fixture.outputs.out)
    await inBothLayouts(
      bench,
      [bench.fixtures.floats(fixture.inputs.q!)],
      want.shape,
      ([q], layout) => scheduler.applyCumulativeTransitions(q!, fixture.params.t, { layout }),
      (name, got) => checkClose(`out, ${name}`, got, want, fixture.check),
    )
  },

  async guide(fixture, bench) {
    const [cond, uncond] = [bench.fixtures.floats(fixture.inputs.cond!), bench.fixtures.floats(fixture.inputs.uncond!)]
    const scheduler = await bench.scheduler({ numCodes: cond.shape[1]! })
    const scale = fixture.params.guidance_scale
    await inBothLayouts(
      bench,
      [cond, uncond],
      cond.shape,
      ([conditional, unconditional], layout) =>
        scheduler.logPX0(conditional!, { layout, guidance: { scale, unconditional: unconditional! } }),
      (name, got) => checkClose(`log_p, ${name}`, got, bench.fixtures.floats(fixture.outputs.log_p), fixture.check),
    )
  },

  async truncate(fixture, bench) {
    const { fixtures } = bench
    const input = fixtures.floats(fixture.inputs.log_p!)
    const [B = 0, K = 0, N = 0] = input.shape
    const scheduler = await bench.scheduler({ numCodes: K })
    const want = fixtures.floats(fixture.outputs.log_p_truncated)
    const [margin, gap] = [fixtures.floats(fixture.outputs.cumsum_margin), fixtures.floats(fixture.outputs.gap_at_cut)]
    const skipped = (column: number) => margin.data[column]! < 1e-6 || gap.data[column] === 0
    const truncationRate = fixture.params.truncation_rate
    await inBothLayouts(
      bench,
      [input],
      input.shape,
      ([logits], layout) => scheduler.logPX0(logits!, { layout, normalise: false, truncationRate }),
      (name, got) => {
        for (let b = 0; b < B; b++)
          for (let n = 0; n < N; n++) {
            if (skipped(b * N + n)) continue
            const column = (data: Float32Array) =>
              Float32Array.from({ length: K }, (_, k) => data[(b * K + k) * N + n]!)
            checkClose(`column ${b},${n}, ${name}`, column(got), { data: column(want.data), shape: [K] }, {})
          }
      },
    )
  },

  async clamp(fixture, bench) {
    const input = bench.fixtures.floats(fixture.inputs.x!)
    const scheduler = await bench.scheduler({ numCodes: input.shape[1]! })
    await inBothLayouts(
      bench,
      [input],
      input.shape,
      ([x], layout) => scheduler.logPX0(x!, { layout, normalise: false, minimum: fixture.params.min }),
      (name, got) => checkClose(`out, ${name}`, got, bench.fixtures.floats(fixture.outputs.out), {}),
    )
  },

  async log_softmax_head(fixture, bench) {
    const logits = bench.floats(fixture, 'logits_bnk')
    const scheduler = await bench.scheduler({ numCodes: fixture.inputs.logits_bnk!.shape[2]! })
    const got = await take(scheduler.logPX0(logits, { layout: 'pixel-major', outputLayout: 'class-major' }), logits)
    checkClose('log_p_bkn', got, bench.fixtures.floats(fixture.outputs.log_p_bkn), fixture.check)
  },

  async get_codebook_entry(fixture, bench) {
    const [codebook, indices] = [bench.floats(fixture, 'codebook'), bench.tokens(fixture, 'indices')]
    const scheduler = await bench.scheduler({ numCodes: fixture.inputs.codebook!.shape[0]! })
    const got = await take(scheduler.lookupCodebook(codebook, indices), codebook, indices)
    checkClose('embeddings_bchw', got, bench.fixtures.floats(fixture.outputs.embeddings_bchw), {})
  },

  async q_pred(fixture, bench) {
    const scheduler = await bench.scheduler(fixture)
    const x0 = bench.tokens(fixture, 'x_0')
    const onehot = scheduler.indexToLogOnehot(x0, scheduler.numCodes)
    const got = await take(scheduler.applyCumulativeTransitions(onehot, fixture.params.t), onehot, x0)
    checkClose('log_q', got, bench.fixtures.floats(fixture.outputs.log_q), fixture.check)
  },

  async q_sample(fixture, bench) {
    const { fixtures } = bench
    const scheduler = await bench.scheduler(fixture)
    const [x0, noise] = [bench.tokens(fixture, 'x_0'), bench.floats(fixture, 'uniform')]
    const got = await take(scheduler.addNoise(x0, fixture.params.t, { noise }), x0, noise)
    const margin = fixtures.floats(fixture.outputs.margin)
    checkTokens('x_t', got, fixtures.tokens(fixture.outputs.x_t), margin, fixture.check.margin_below_which_to_ignore)
  },

  async exact_forward(fixture, bench) {
    const scheduler = await bench.scheduler(fixture)
    const x0 = scheduler.uploadTokens(new Uint32Array(draws).fill(fixture.params.x_0), [1, draws])
    const tokens = await take(scheduler.addNoise(x0, fixture.params.t, { generator: bench.generator() }), x0)
    checkLaw('x_t', countTokens(tokens, scheduler.numEmbed), fixture.outputs.probs)
  },

  async purity_prior(fixture, bench) {
    const { fixtures } = bench
    const scheduler = await bench.scheduler(fixture)
    const want = fixtures.floats(fixture.outputs.log_prob)
    const weights = fixtures.floats(fixture.outputs.selection_weight)
    const xT = bench.tokens(fixture, 'x_t')
    const options = { priorWeight: fixture.params.prior_weight, byPurity: fixture.params.prior_rule === 2 }
    await inBothLayouts(
      bench,
      [fixtures.floats(fixture.inputs.log_p_x0!)],
      want.shape,
      async ([logPX0], layout) => {
        const { logProb, selectionWeight } = scheduler.purityPrior(logPX0!, xT, { layout, ...options })
        checkClose(`selection_weight, ${layout}`, await take(selectionWeight), weights, fixture.check)
        return logProb
      },
      (name, got) => checkClose(`log_prob, ${name}`, got, want, fixture.check),
    )
    xT.destroy()
  },
}
