import { checkClose, checkTokens } from '../support/checks'
import type { FloatTensor } from '../support/host_tensor'
import { inLayout, layouts, pixelMajor } from '../support/layouts'
import { type Engine, type EngineCase, type EngineTensor, take } from './engine'

/** Runs an operator in both layouts; its results are compared in the reference's. */
async function inBothLayouts<T extends EngineTensor>(
  engine: Engine<T>,
  inputs: readonly FloatTensor[],
  shape: readonly number[],
  run: (tensors: T[], layout: (typeof layouts)[number]) => T | Promise<T>,
  check: (name: string, got: Float32Array) => void,
): Promise<void> {
  const [B = 0, rows = 0, N = 0] = shape
  for (const layout of layouts) {
    const tensors = inputs.map((input) => engine.upload(inLayout(layout, input)))
    const raw = Float32Array.from(await take(await run(tensors, layout), ...tensors))
    check(layout, layout === 'class-major' ? raw : pixelMajor({ data: raw, shape: [B, N, rows] }).data)
  }
}

/** The scheduler for an operator that has no schedule. */
function schedulerOf<T extends EngineTensor>(engine: Engine<T>, numCodes: number) {
  return engine.scheduler({ config: { num_vec_classes: numCodes + 1 } })
}

/** The reference's operators and the pipeline's pieces. */
export const operatorOps: Record<string, EngineCase> = {
  async gumbel_noised(fixture, engine) {
    const [logits, noise] = [engine.floats(fixture, 'logits'), engine.floats(fixture, 'uniform')]
    const scheduler = await schedulerOf(engine, 1)
    const got = await take(scheduler.gumbelNoised(logits, noise), logits, noise)
    checkClose('noised', got, engine.fixtures.floats(fixture.outputs.noised), fixture.check)
  },

  async index_to_log_onehot(fixture, engine) {
    const scheduler = await engine.scheduler(fixture)
    const want = engine.fixtures.floats(fixture.outputs.log_onehot)
    const x = engine.tokens(fixture, 'x')
    await inBothLayouts(
      engine,
      [],
      want.shape,
      (_, layout) => scheduler.indexToLogOnehot(x, want.shape[1]!, { layout }),
      (name, got) => checkClose(`log_onehot, ${name}`, got, want, fixture.check),
    )
    x.destroy()
  },

  async log_q_to_known(fixture, engine) {
    const scheduler = await engine.scheduler(fixture)
    const want = engine.fixtures.floats(fixture.outputs.log_q)
    const { t, cumulative } = fixture.params
    const xT = engine.tokens(fixture, 'x_t')
    await inBothLayouts(
      engine,
      [],
      want.shape,
      (_, layout) => scheduler.logQTTransitioningToKnownClass({ t, xT, cumulative, layout }),
      (name, got) => checkClose(`log_q, ${name}`, got, want, fixture.check),
    )
    xT.destroy()
  },

  async apply_cumulative_transitions(fixture, engine) {
    const scheduler = await engine.scheduler(fixture)
    const want = engine.fixtures.floats(fixture.outputs.out)
    await inBothLayouts(
      engine,
      [engine.fixtures.floats(fixture.inputs.q!)],
      want.shape,
      ([q], layout) => scheduler.applyCumulativeTransitions(q!, fixture.params.t, { layout }),
      (name, got) => checkClose(`out, ${name}`, got, want, fixture.check),
    )
  },

  async guide(fixture, engine) {
    const [cond, uncond] = [
      engine.fixtures.floats(fixture.inputs.cond!),
      engine.fixtures.floats(fixture.inputs.uncond!),
    ]
    const scheduler = await schedulerOf(engine, cond.shape[1]!)
    const scale = fixture.params.guidance_scale
    await inBothLayouts(
      engine,
      [cond, uncond],
      cond.shape,
      ([conditional, unconditional], layout) =>
        scheduler.logPX0(conditional!, { layout, guidance: { scale, unconditional: unconditional! } }),
      (name, got) => checkClose(`log_p, ${name}`, got, engine.fixtures.floats(fixture.outputs.log_p), fixture.check),
    )
  },

  async truncate(fixture, engine) {
    const { fixtures } = engine
    const input = fixtures.floats(fixture.inputs.log_p!)
    const [B = 0, K = 0, N = 0] = input.shape
    const scheduler = await schedulerOf(engine, K)
    const want = fixtures.floats(fixture.outputs.log_p_truncated)
    const [margin, gap] = [fixtures.floats(fixture.outputs.cumsum_margin), fixtures.floats(fixture.outputs.gap_at_cut)]
    const skipped = (column: number) => margin.data[column]! < 1e-6 || gap.data[column] === 0
    const truncationRate = fixture.params.truncation_rate
    await inBothLayouts(
      engine,
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

  async clamp(fixture, engine) {
    const input = engine.fixtures.floats(fixture.inputs.x!)
    const scheduler = await schedulerOf(engine, input.shape[1]!)
    await inBothLayouts(
      engine,
      [input],
      input.shape,
      ([x], layout) => scheduler.logPX0(x!, { layout, normalise: false, minimum: fixture.params.min }),
      (name, got) => checkClose(`out, ${name}`, got, engine.fixtures.floats(fixture.outputs.out), {}),
    )
  },

  async log_softmax_head(fixture, engine) {
    const logits = engine.floats(fixture, 'logits_bnk')
    const scheduler = await schedulerOf(engine, fixture.inputs.logits_bnk!.shape[2]!)
    const got = await take(scheduler.logPX0(logits, { layout: 'pixel-major', outputLayout: 'class-major' }), logits)
    checkClose('log_p_bkn', got, engine.fixtures.floats(fixture.outputs.log_p_bkn), fixture.check)
  },

  async get_codebook_entry(fixture, engine) {
    const [codebook, indices] = [engine.floats(fixture, 'codebook'), engine.tokens(fixture, 'indices')]
    const scheduler = await schedulerOf(engine, fixture.inputs.codebook!.shape[0]!)
    const got = await take(scheduler.lookupCodebook(codebook, indices), codebook, indices)
    checkClose('embeddings_bchw', got, engine.fixtures.floats(fixture.outputs.embeddings_bchw), {})
  },

  async q_pred(fixture, engine) {
    const scheduler = await engine.scheduler(fixture)
    const x0 = engine.tokens(fixture, 'x_0')
    const onehot = scheduler.indexToLogOnehot(x0, scheduler.numCodes)
    const got = await take(scheduler.applyCumulativeTransitions(onehot, fixture.params.t), onehot, x0)
    checkClose('log_q', got, engine.fixtures.floats(fixture.outputs.log_q), fixture.check)
  },

  async q_sample(fixture, engine) {
    const { fixtures } = engine
    const scheduler = await engine.scheduler(fixture)
    const [x0, noise] = [engine.tokens(fixture, 'x_0'), engine.floats(fixture, 'uniform')]
    const got = await take(scheduler.addNoise(x0, fixture.params.t, { noise }), x0, noise)
    const margin = fixtures.floats(fixture.outputs.margin)
    checkTokens('x_t', got, fixtures.tokens(fixture.outputs.x_t), margin, fixture.check.margin_below_which_to_ignore)
  },

  async purity_prior(fixture, engine) {
    const { fixtures } = engine
    const scheduler = await engine.scheduler(fixture)
    const want = fixtures.floats(fixture.outputs.log_prob)
    const weights = fixtures.floats(fixture.outputs.selection_weight)
    const xT = engine.tokens(fixture, 'x_t')
    const options = { priorWeight: fixture.params.prior_weight, byPurity: fixture.params.prior_rule === 2 }
    await inBothLayouts(
      engine,
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
