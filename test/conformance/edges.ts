import { GpuTensor, RandomGenerator, VQDiffusionPipeline, type VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { checkEqual } from '../support/checks'
import type { FixtureCase } from './fixtures'
import type { GpuEngine } from './gpu_engine'

interface Edge {
  readonly scheduler: VQDiffusionScheduler
  readonly device: GPUDevice
  readonly params: FixtureCase['params']
  readonly K: number
}

const N = 4

const flat = ({ device, K }: Edge, B = 1, value = 0) =>
  GpuTensor.from(device, new Float32Array(B * K * N).fill(value), [B, K, N])
const options = (u: number) => ({ generator: new RandomGenerator(1), previousTimestep: u })

/** The error's name, or that there was none. */
async function outcome(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'no error'
  } catch (error) {
    return (error as Error).name
  }
}

const stepAt = (edge: Edge, t: number) =>
  outcome(() =>
    edge.scheduler.step(flat(edge), t, edge.scheduler.initialSample([1, N], { start: 'mask' }), options(-1)),
  )

/** Steps with one invalid column of logits. */
async function invalidColumn(edge: Edge, change: (column: Float32Array) => void): Promise<void> {
  const { scheduler, device, params, K } = edge
  const column = new Float32Array(K)
  change(column)
  await scheduler.readFaults()
  const logits = GpuTensor.from(device, column, [1, K, 1])
  const sample = scheduler.initialSample([1, 1], { start: 'mask' })
  const { prevSample } = scheduler.step(logits, params.t, sample, options(-1))
  // The reference draws a class; here the token stays the mask, and the column is counted.
  checkEqual('token', [...(await prevSample.read())], [K])
  checkEqual('faults', await scheduler.readFaults(), { invalidColumns: 1, impossibleTokens: 0 })
}

/** Checks of unusual input, by the names of the cases: where the engine behaves as the reference, and where it differs. */
const edges: Record<string, (edge: Edge) => Promise<void>> = {
  // As the reference: an error. The table entry at T, the identity, is no timestep either.
  edge_timestep_equal_T: async (edge) => checkEqual('error', await stepAt(edge, edge.params.t), 'TimestepError'),
  edge_timestep_above_T: async (edge) => checkEqual('error', await stepAt(edge, edge.params.t), 'TimestepError'),
  edge_timestep_fractional: async (edge) => checkEqual('error', await stepAt(edge, edge.params.t), 'TimestepError'),
  edge_token_above_range: async ({ scheduler, params }) =>
    checkEqual('error', await outcome(() => scheduler.uploadTokens([params.x_value], [1, 1])), 'TokenRangeError'),
  edge_token_negative: async ({ scheduler, params }) =>
    checkEqual('error', await outcome(() => scheduler.uploadTokens([params.x_value], [1, 1])), 'TokenRangeError'),

  // Differs: the reference never reads x_t at t = 0. Here uploadTokens refuses the token. If it comes from another buffer,
  // the GPU counts it and draws a class.
  async edge_token_out_of_range_at_t0(edge) {
    const { scheduler, device, params, K } = edge
    const sample = GpuTensor.from(device, new Uint32Array(N).fill(params.x_value), [1, N])
    await scheduler.readFaults()
    const { prevSample } = scheduler.step(flat(edge), params.t, sample, options(-1))
    checkEqual(
      'tokens are classes',
      (await prevSample.read()).every((token) => token < K),
      true,
    )
    checkEqual('faults', await scheduler.readFaults(), { invalidColumns: 0, impossibleTokens: N })
  },

  // Differs: here there may be a timestep for each item. Two for one item are an error.
  async edge_timestep_vector_of_two(edge) {
    const { scheduler, params } = edge
    const two = scheduler.initialSample([2, N], { start: 'mask' })
    const one = scheduler.initialSample([1, N], { start: 'mask' })
    checkEqual('two items', await outcome(() => scheduler.step(flat(edge, 2), params.t, two, options(-1))), 'no error')
    checkEqual('one item', await outcome(() => scheduler.step(flat(edge), params.t, one, options(-1))), 'TimestepError')
  },

  // Differ: the reference draws class 0, or the index of the NaN.
  edge_column_all_minus_inf_t5: (edge) => invalidColumn(edge, (column) => column.fill(-Infinity)),
  edge_column_all_minus_inf_t0: (edge) => invalidColumn(edge, (column) => column.fill(-Infinity)),
  edge_column_with_one_nan_t0: (edge) => invalidColumn(edge, (column) => column.fill(Number.NaN, 2, 3)),

  // As the reference: empty results.
  async edge_empty_batch({ scheduler, device, K }) {
    const logits = GpuTensor.empty(device, [0, K, N], 'f32')
    const { prevSample } = scheduler.step(logits, 5, scheduler.uploadTokens([], [0, N]), options(-1))
    checkEqual('shape', prevSample.shape, [0, N])
  },
  async edge_zero_tokens({ scheduler, device, K }) {
    const logits = GpuTensor.empty(device, [2, K, 0], 'f32')
    const { prevSample } = scheduler.step(logits, 5, scheduler.uploadTokens([], [2, 0]), options(-1))
    checkEqual('shape', prevSample.shape, [2, 0])
  },

  // Differs: a seed per item works.
  async edge_generator_list(edge) {
    const { scheduler } = edge
    const sample = scheduler.initialSample([2, N], { start: 'mask' })
    const generator = new RandomGenerator([1, 2])
    const step = () => scheduler.step(flat(edge, 2), 5, sample, { generator, previousTimestep: 4 })
    checkEqual('two seeds', await outcome(step), 'no error')
  },

  // As the reference: errors before the loop, so before the network is called.
  edge_latents_wrong_shape: (edge) =>
    beforeTheLoop(edge, { latents: edge.scheduler.emptyTokens([3, N]) }, 'ShapeError'),
  async edge_latents_out_of_range({ scheduler, K }) {
    checkEqual('error', await outcome(() => scheduler.uploadTokens([K + 1], [1, 1])), 'TokenRangeError')
  },
  edge_callback_steps_zero: (edge) => beforeTheLoop(edge, { callbackSteps: 0 }, 'OptionError'),

  // As the reference: among equal noised scores the lowest class wins.
  async edge_ties(edge) {
    const { scheduler, device, K } = edge
    const sample = scheduler.initialSample([1, N], { start: 'mask' })
    const noise = GpuTensor.from(device, new Float32Array(K * N).fill(0.5), [1, K, N])
    const { prevSample } = scheduler.step(flat(edge), 0, sample, { noise, previousTimestep: -1 })
    checkEqual('tokens', [...(await prevSample.read())], [0, 0, 0, 0])
  },
}

async function beforeTheLoop(edge: Edge, unusual: object, error: string): Promise<void> {
  let calls = 0
  const denoiser = async () => {
    calls++
    return flat(edge)
  }
  const pipeline = new VQDiffusionPipeline({ scheduler: edge.scheduler, denoiser })
  const base = { batchSize: 1, numLatentPixels: N, numInferenceSteps: 2, seed: 1, conditioning: null }
  checkEqual('error', await outcome(() => pipeline.generate({ ...base, ...unusual })), error)
  checkEqual('calls of the network', calls, 0)
}

export async function checkEdge(fixture: FixtureCase, engine: GpuEngine): Promise<void> {
  const check = edges[fixture.name]
  if (!check) throw new Error(`There is no check for ${fixture.name}.`)
  const scheduler = await engine.scheduler(fixture)
  await check({ scheduler, device: engine.device, params: fixture.params ?? {}, K: scheduler.numCodes })
}
