import type { Layout } from 'vq-diffusion-webgpu'
import { checkClose, checkTokens } from '../support/checks'
import type { FloatTensor } from '../support/host_tensor'
import { inLayout, layouts, pixelMajor } from '../support/layouts'
import { type Engine, type EngineCase, type EngineTensor, take } from './engine'
import type { FixtureCase } from './fixtures'

/** The dense posterior of a case, in the reference's order of axes. */
async function posterior<T extends EngineTensor>(
  engine: Engine<T>,
  fixture: FixtureCase,
  layout: Layout,
): Promise<Float32Array> {
  const { fixtures } = engine
  const scheduler = await engine.scheduler(fixture)
  const source = fixtures.floats(fixture.inputs.log_p_x0!)
  const logPX0 = engine.upload(inLayout(layout, source))
  const xT = engine.tokens(fixture, 'x_t')
  const { t, previous_t: previousTimestep = t - 1 } = fixture.params
  const raw = await take(scheduler.qPosterior(logPX0, xT, t, { layout, previousTimestep }), logPX0, xT)
  const [B = 0, K = 0, N = 0] = source.shape
  return layout === 'class-major'
    ? Float32Array.from(raw)
    : pixelMajor({ data: Float32Array.from(raw), shape: [B, N, K + 1] }).data
}

/** Columns `params.output_columns` of [B, rows, N], all of them by default. */
function selectColumns(
  values: ArrayLike<number>,
  [B = 0, rows = 0, N = 0]: readonly number[],
  columns?: number[],
): FloatTensor {
  const chosen = columns ?? Array.from({ length: N }, (_, n) => n)
  const data = new Float32Array(B * rows * chosen.length)
  let i = 0
  for (let row = 0; row < B * rows; row++) for (const n of chosen) data[i++] = values[row * N + n]!
  return { data, shape: [B, rows, chosen.length] }
}

/** Steps and posteriors of the reference, with its own noise. */
export const stepOps: Record<string, EngineCase> = {
  async q_posterior(fixture, engine) {
    const want = engine.fixtures.floats(fixture.outputs.log_p_prev)
    const [B = 0, K = 0, N = 0] = fixture.inputs.log_p_x0!.shape
    for (const layout of layouts) {
      const rows = await posterior(engine, fixture, layout)
      const { data } = selectColumns(rows, [B, K + 1, N], fixture.params.output_columns)
      checkClose(`log_p_prev, ${layout}`, data, want, fixture.check)
    }
  },

  async q_posterior_strided(fixture, engine) {
    // The engine keeps the reference's floors of 1e-30, the case has none: compared as probabilities.
    const want = engine.fixtures.floats(fixture.outputs.log_p_prev).data.map(Math.exp)
    for (const layout of layouts) {
      const rows = await posterior(engine, fixture, layout)
      checkClose(`probabilities, ${layout}`, rows.map(Math.exp), { data: want, shape: [] }, fixture.check)
    }
  },

  async step(fixture, engine) {
    const { fixtures } = engine
    const scheduler = await engine.scheduler(fixture)
    const { t } = fixture.params
    const want = fixtures.tokens(fixture.outputs.x_prev)
    const margin = fixtures.floats(fixture.outputs.margin)
    for (const layout of layouts) {
      const modelOutput = engine.upload(inLayout(layout, fixtures.floats(fixture.inputs.model_output!)))
      const noise = engine.upload(inLayout(layout, fixtures.floats(fixture.inputs.uniform!)))
      const xT = engine.tokens(fixture, 'x_t')
      const { prevSample } = scheduler.step(modelOutput, t, xT, { noise, layout, previousTimestep: t - 1 })
      const got = await take(prevSample, modelOutput, noise, xT)
      checkTokens(`x_prev, ${layout}`, got, want, margin, fixture.check.margin_below_which_to_ignore)
    }
  },

  async chain(fixture, engine) {
    const { fixtures } = engine
    const scheduler = await engine.scheduler(fixture)
    const toy =
      fixture.inputs.W && fixture.inputs.V
        ? toyModel(fixtures.floats(fixture.inputs.W), fixtures.floats(fixture.inputs.V))
        : undefined
    const start = fixtures.tokens(fixture.inputs.x_start!)
    let sample = engine.upload(start)
    for (const stored of fixture.outputs.steps) {
      const output = toy?.(Uint32Array.from(await sample.read()), start.shape) ?? fixtures.floats(stored.model_output)
      const [modelOutput, noise] = [engine.upload(output), engine.upload(fixtures.floats(stored.uniform))]
      const { prevSample } = scheduler.step(modelOutput, stored.t, sample, { noise, previousTimestep: stored.t - 1 })
      for (const tensor of [sample, modelOutput, noise]) tensor.destroy()
      sample = prevSample
      checkTokens(`x_prev after t = ${stored.t}`, await sample.read(), fixtures.tokens(stored.x_prev))
    }
    sample.destroy()
  },
}

/** logits[b,n,k] = W[x[b,n],k] + V[x[b,(n+1) mod N],k], log-softmax over k in float64; [B, K, N] as float32. */
function toyModel(W: FloatTensor, V: FloatTensor) {
  const K = W.shape[1]!
  return (x: Uint32Array, [B = 0, N = 0]: readonly number[]): FloatTensor => {
    const data = new Float32Array(B * K * N)
    for (let b = 0; b < B; b++)
      for (let n = 0; n < N; n++) {
        const [here, next] = [x[b * N + n]!, x[b * N + ((n + 1) % N)]!]
        const row = Float64Array.from({ length: K }, (_, k) =>
          Math.fround(W.data[here * K + k]! + V.data[next * K + k]!),
        )
        const high = Math.max(...row)
        const total = high + Math.log(row.reduce((sum, value) => sum + Math.exp(value - high), 0))
        row.forEach((value, k) => {
          data[(b * K + k) * N + n] = value - total
        })
      }
    return { data, shape: [B, K, N] }
  }
}
