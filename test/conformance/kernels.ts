import type { GpuTensor } from 'vq-diffusion-webgpu'
import type { Layout } from '../../src/options'
import { take } from './bench'
import { checkClose, checkEqual, checkTokens } from './checks'
import type { FixtureCase, FloatTensor } from './fixtures'
import type { KernelBench } from './kernel_bench'
import { checkLaw, countTokens, draws } from './laws'
import { layouts, pixelMajor } from './layouts'

async function posterior(bench: KernelBench, fixture: FixtureCase, layout: Layout): Promise<ArrayLike<number>> {
  const { fixtures } = bench
  const scheduler = await bench.scheduler(fixture)
  const source = fixtures.floats(fixture.inputs.log_p_x0!)
  const logPX0 = bench.upload(layout === 'class-major' ? source : pixelMajor(source))
  const xT = bench.tokens(fixture, 'x_t')
  const { t, previous_t: previousTimestep = t - 1 } = fixture.params
  return take(scheduler.qPosterior(logPX0, xT, t, { layout, previousTimestep }), logPX0, xT)
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

async function checkPosterior(bench: KernelBench, fixture: FixtureCase): Promise<void> {
  const want = bench.fixtures.floats(fixture.outputs.log_p_prev)
  const [B = 0, K = 0, N = 0] = fixture.inputs.log_p_x0!.shape
  const shape = [B, K + 1, N]
  const columns: number[] | undefined = fixture.params.output_columns
  const got = selectColumns(await posterior(bench, fixture, 'class-major'), shape, columns)
  checkClose('log_p_prev', got.data, want, fixture.check)
  // The pixel-major result is the same numbers in another order.
  const transposed = pixelMajor({
    data: Float32Array.from(await posterior(bench, fixture, 'pixel-major')),
    shape: [B, N, K + 1],
  })
  checkClose('log_p_prev, pixel-major', selectColumns(transposed.data, shape, columns).data, want, fixture.check)
}

/** Counts of up to `draws` tokens drawn by `step` from one column, or along several steps. */
async function drawCounts(
  bench: KernelBench,
  fixture: FixtureCase,
  layout: Layout,
  start: number,
  path: readonly { t: number; u: number }[],
): Promise<Map<number, Uint32Array>> {
  const scheduler = await bench.scheduler(fixture)
  const logits: number[] = fixture.params.log_p_x0
  const K = logits.length
  // Many classes: fewer draws, so that the columns fit a buffer.
  const count = Math.min(draws, Math.max(2 ** 12, Math.floor(2 ** 24 / K)))
  const data = new Float32Array(K * count)
  if (layout === 'pixel-major') for (let i = 0; i < data.length; i++) data[i] = logits[i % K]!
  else for (let i = 0; i < data.length; i++) data[i] = logits[Math.floor(i / count)]!
  const shape = layout === 'pixel-major' ? [1, count, K] : [1, K, count]
  const modelOutput = bench.upload({ data, shape })
  const generator = bench.generator()
  let sample: GpuTensor = scheduler.uploadTokens(new Uint32Array(count).fill(start), [1, count])
  const counts = new Map<number, Uint32Array>()
  for (const [i, { t, u }] of path.entries()) {
    const { prevSample } = scheduler.step(modelOutput, t, sample, { generator, layout, previousTimestep: u })
    sample.destroy()
    sample = prevSample
    counts.set(i, countTokens(await sample.read(), K + 1))
  }
  sample.destroy()
  modelOutput.destroy()
  return counts
}

/** Cases that run on the GPU. */
export const kernelOps: Record<string, (fixture: FixtureCase, bench: KernelBench) => Promise<void>> = {
  q_posterior: (fixture, bench) => checkPosterior(bench, fixture),

  async q_posterior_strided(fixture, bench) {
    // The engine keeps the reference's floors of 1e-30, the case has none: compared as probabilities.
    const want = bench.fixtures.floats(fixture.outputs.log_p_prev).data.map(Math.exp)
    for (const layout of layouts) {
      const raw = Float32Array.from(await posterior(bench, fixture, layout))
      const [B = 0, K = 0, N = 0] = fixture.inputs.log_p_x0!.shape
      const got = layout === 'class-major' ? raw : pixelMajor({ data: raw, shape: [B, N, K + 1] }).data
      checkClose(`probabilities, ${layout}`, got.map(Math.exp), { data: want, shape: [] }, fixture.check)
    }
  },

  async step(fixture, bench) {
    const { fixtures } = bench
    const scheduler = await bench.scheduler(fixture)
    const { t } = fixture.params
    const want = fixtures.tokens(fixture.outputs.x_prev)
    const margin = fixtures.floats(fixture.outputs.margin)
    for (const layout of layouts) {
      const arrange = (tensor: FloatTensor) => bench.upload(layout === 'class-major' ? tensor : pixelMajor(tensor))
      const modelOutput = arrange(fixtures.floats(fixture.inputs.model_output!))
      const noise = arrange(fixtures.floats(fixture.inputs.uniform!))
      const xT = bench.tokens(fixture, 'x_t')
      const { prevSample } = scheduler.step(modelOutput, t, xT, { noise, layout, previousTimestep: t - 1 })
      const got = await take(prevSample, modelOutput, noise, xT)
      checkTokens(`x_prev, ${layout}`, got, want, margin, fixture.check.margin_below_which_to_ignore)
    }
  },

  async chain(fixture, bench) {
    const { fixtures } = bench
    const scheduler = await bench.scheduler(fixture)
    const toy =
      fixture.inputs.W && fixture.inputs.V
        ? toyModel(fixtures.floats(fixture.inputs.W), fixtures.floats(fixture.inputs.V))
        : undefined
    const start = fixtures.tokens(fixture.inputs.x_start!)
    let sample: GpuTensor = bench.upload(start)
    for (const stored of fixture.outputs.steps) {
      const output = toy?.(Uint32Array.from(await sample.read()), start.shape) ?? fixtures.floats(stored.model_output)
      const [modelOutput, noise] = [bench.upload(output), bench.upload(fixtures.floats(stored.uniform))]
      const { prevSample } = scheduler.step(modelOutput, stored.t, sample, { noise, previousTimestep: stored.t - 1 })
      for (const tensor of [sample, modelOutput, noise]) tensor.destroy()
      sample = prevSample
      checkTokens(`x_prev after t = ${stored.t}`, await sample.read(), fixtures.tokens(stored.x_prev))
    }
    sample.destroy()
  },

  async exact_posterior(fixture, bench) {
    const { t, previous_t: u, x_t: start } = fixture.params
    const { probs } = fixture.outputs
    for (const layout of layouts) {
      const counts = await drawCounts(bench, fixture, layout, start, [{ t, u }])
      checkLaw(layout, counts.get(0)!, probs)
    }
    const scheduler = await bench.scheduler(fixture)
    const logits = Float32Array.from(fixture.params.log_p_x0 as number[])
    const logPX0 = bench.upload({ data: logits, shape: [1, logits.length, 1] })
    const xT = bench.upload({ data: Uint32Array.of(start), shape: [1, 1] })
    const logRows = await take(scheduler.qPosterior(logPX0, xT, t, { previousTimestep: u }), logPX0, xT)
    const rows = Float32Array.from(logRows, Math.exp)
    const total = rows.reduce((sum, p) => sum + p, 0)
    checkClose(
      'probabilities',
      rows.map((p) => p / total),
      { data: Float32Array.from(probs), shape: [] },
      { atol: 1e-5 },
    )
  },

  async exact_chain_law(fixture, bench) {
    const { timesteps, final_previous, x_start } = fixture.params
    const path = (timesteps as number[]).map((t, i) => ({ t, u: timesteps[i + 1] ?? final_previous }))
    const counts = await drawCounts(bench, fixture, 'pixel-major', x_start, path)
    const after: Record<string, number[]> = fixture.outputs.after_step
    checkEqual(
      'steps of the law',
      Object.keys(after).every((step) => counts.has(Number(step))),
      true,
    )
    for (const [step, probs] of Object.entries(after)) checkLaw(`after step ${step}`, counts.get(Number(step))!, probs)
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
