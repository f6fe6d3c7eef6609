import { expect } from 'vitest'
import { type Layout, RandomGenerator, type VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import type { EngineScheduler, EngineTensor } from '../conformance/engine'
import { columnsShape, inLayout } from '../support/layouts'

/**
 * Logits beyond any network, and what both engines make of them (docs/MATH.md#faults): a logit of 1e29 or more counts as
 * +∞, one of −1e29 or less as −∞, also if guidance or sharpening has made it. Every other float32 number is valid.
 */
const K = 8
const config = { num_vec_classes: K + 1, num_train_timesteps: 20 }

/** The float32 neighbours of 1e29, and the largest float32 number. */
const [below, limit, above, largest] = [0x6fa18f07, 0x6fa18f08, 0x6fa18f09, 0x7f7fffff].map(
  (bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]!,
) as [number, number, number, number]

/** Class 0, class 1, and all others. */
type Column = readonly [first: number, second: number, others: number]

/** What is drawn: a class, 'any' of them, any but one, or nothing. */
type Drawn = number | 'any' | { readonly not: number } | 'nothing'

const plain: readonly (readonly [Column, Drawn])[] = [
  [[-below, -limit, -limit], 0],
  [[-limit, -below, -limit], 1],
  [[-largest, 0, -largest], 1],
  [[-largest, 0, 0], { not: 0 }],
  [[-limit, -above, -largest], 'nothing'],
  [[-largest, -largest, -largest], 'nothing'],
  [[-Infinity, -1e30, -1e38], 'nothing'],
  [[-below, -below, -below], 0],
  [[below, 0, 0], 0],
  [[0, below, -below], 1],
  [[below, -largest, -Infinity], 0],
  [[limit, 0, 0], 'nothing'],
  [[0, above, -Infinity], 'nothing'],
  [[0, 0, largest], 'nothing'],
  [[NaN, below, -largest], 'nothing'],
  [[1e-45, -1e-45, 0], 'any'],
  [[1e28, -1e28, 0], 0],
]

/** With guidance at the scale 10⁶: conditional and unconditional columns. */
const guided: readonly (readonly [conditional: Column, unconditional: Column, Drawn])[] = [
  [[0, 0, 0], [0, 0, 0], 'any'],
  [[below, 0, 0], [below, 0, 0], 0],
  [[-below, -below, -below], [-below, -below, -below], 0],
  // Beyond float32 only if computed in float32 from numbers that count as finite no more.
  [[below, 0, 0], [-below, 0, 0], 'nothing'],
  [[1e24, 0, 0], [0, 0, 0], 'nothing'],
  [[9e22, 0, 0], [0, 0, 0], 0],
  [[-below, 0, 0], [below, 0, 0], { not: 0 }],
  [[-1e24, 0, 0], [0, 0, 0], { not: 0 }],
  [[-1e24, -1e28, -below], [0, 0, 0], 'nothing'],
  // The lowest float32 number excludes a class, as −∞ does.
  [[-largest, 0, 0], [-largest, 0, 0], { not: 0 }],
  [[-largest, 0, 0], [0, 0, 0], { not: 0 }],
  [[0, 0, 0], [-largest, 0, 0], 'nothing'],
  [[largest, 0, 0], [largest, 0, 0], 'nothing'],
  [[largest, 0, 0], [-largest, 0, 0], 'nothing'],
  [[0, 0, 0], [0, limit, 0], 'nothing'],
  [[NaN, 0, 0], [0, 0, 0], 'nothing'],
]

/** Logits of the columns, [1, K, N] in a layout. */
function tensor(columns: readonly Column[], layout: Layout) {
  const N = columns.length
  const data = new Float32Array(K * N)
  columns.forEach(([first, second, others], n) => {
    for (let k = 0; k < K; k++) data[k * N + n] = k === 0 ? first : k === 1 ? second : others
  })
  return inLayout(layout, { data, shape: columnsShape('class-major', [1, K, N]) })
}

function checkDrawn(about: string, tokens: ArrayLike<number>, cases: readonly Drawn[]): void {
  for (const [n, want] of cases.entries()) {
    const token = tokens[n]!
    const name = `${about}, column ${n} of ${JSON.stringify(want)}`
    if (want === 'nothing') expect(token, name).toBe(K)
    else expect(token, name).toBeLessThan(K)
    if (typeof want === 'number') expect(token, name).toBe(want)
    if (typeof want === 'object') expect(token, name).not.toBe(want.not)
  }
}

export interface ExtremesEngine<T extends EngineTensor> {
  create(config: VQDiffusionSchedulerOptions): Promise<EngineScheduler<T>>
  upload(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]): T
}

/** A scheduler, and all columns as the logits of masks that go to clean data. */
async function columnsOf<T extends EngineTensor>({ create, upload }: ExtremesEngine<T>, isGuided: boolean) {
  const scheduler = await create(config)
  // Logits are decoded in the same way from each layout, but loaded in another way.
  const layout: Layout = isGuided ? 'class-major' : 'pixel-major'
  const cases = isGuided ? guided : plain
  const wanted = cases.map((column) => column.at(-1) as Drawn)
  const logits = (half: 0 | 1) => {
    const columns = cases.map((column) => column[half] as Column)
    const { data, shape } = tensor(columns, layout)
    return upload(data as Float32Array<ArrayBuffer>, shape)
  }
  const modelOutput = logits(0)
  const options = { layout, ...(isGuided && { guidance: { scale: 1e6, unconditional: logits(1) } }) }
  const masks = scheduler.initialSample([1, cases.length], { start: 'mask' })
  const step = (more: object) => scheduler.step(modelOutput, 9, masks, { ...options, previousTimestep: -1, ...more })
  const faults = { invalidColumns: wanted.filter((drawn) => drawn === 'nothing').length, impossibleTokens: 0 }
  return { scheduler, modelOutput, options, masks, step, wanted, faults }
}

/** Draws from every column, and counts the invalid ones. */
async function checkDraws<T extends EngineTensor>(engine: ExtremesEngine<T>): Promise<void> {
  for (const isGuided of [false, true]) {
    const { scheduler, step, wanted, faults } = await columnsOf(engine, isGuided)
    for (const truncationRate of [1, 0.9]) {
      const about = `${isGuided ? 'guided' : 'plain'}, rate ${truncationRate}`
      const { prevSample } = step({ generator: new RandomGenerator(5), truncationRate })
      checkDrawn(about, await prevSample.read(), wanted)
      expect(await scheduler.readFaults(), about).toEqual(faults)
    }
  }
}

/** All else that reads logits. */
async function checkOtherKernels<T extends EngineTensor>(engine: ExtremesEngine<T>): Promise<void> {
  const { scheduler, modelOutput, options, masks, step, wanted, faults } = await columnsOf(engine, true)
  const N = wanted.length
  const noise = engine.upload(new Float32Array(K * N).fill(0.5), columnsShape('class-major', [1, K, N]))
  checkDrawn('with noise', await step({ noise }).prevSample.read(), wanted)
  expect(await scheduler.readFaults()).toEqual(faults)
  // Purity reveals no invalid column, and counts each once.
  const bySeed = { ...options, generator: new RandomGenerator(5), previousTimestep: 0 }
  checkDrawn('by purity', await scheduler.purityStep(modelOutput, 9, masks, bySeed).prevSample.read(), wanted)
  expect(await scheduler.readFaults()).toEqual(faults)
  const { entropy, topProbability } = step({ ...bySeed, diagnostics: true }).diagnostics!
  const [h, top] = [await entropy.read(), await topProbability.read()]
  const logP = inRows(await scheduler.logPX0(modelOutput, { ...options, outputLayout: 'pixel-major' }).read())
  for (const [n, drawn] of wanted.entries()) {
    const about = `column ${n}`
    if (drawn === 'nothing') {
      expect([h[n], top[n]], about).toEqual([0, 0])
      expect(logP[n], about).toSatisfy(isNothing)
    } else {
      expect(top[n], about).toSatisfy((p: number) => p > 0.1 && p <= 1)
      expect(Math.max(...logP[n]!), about).toSatisfy((p: number) => p > -2.2 && p <= 0)
    }
    if (typeof drawn === 'object') expect(logP[n]![drawn.not], about).toBe(-Infinity)
  }
}

/** Whether all of a column is NaN, or −∞. */
function isNothing(column: number[]): boolean {
  return column.every(Number.isNaN) || column.every((value) => value === -Infinity)
}

function inRows(values: ArrayLike<number>): number[][] {
  return Array.from({ length: values.length / K }, (_, n) => Array.from(values).slice(n * K, (n + 1) * K))
}

/** Sharpening takes a valid column beyond 1e29: nothing can be drawn from it, which is counted once. */
async function checkSharpening<T extends EngineTensor>({ create, upload }: ExtremesEngine<T>): Promise<void> {
  const scheduler = await create(config)
  const columns: Column[] = [
    [0, -1, -2],
    [1e25, 0, 0],
    [-1e25, -1e26, -1e27],
    [-1e25, 0, -1e27],
  ]
  const { data, shape } = tensor(columns, 'pixel-major')
  const logits = upload(data as Float32Array<ArrayBuffer>, shape)
  const masks = scheduler.initialSample([1, columns.length], { start: 'mask' })
  const rule = { layout: 'pixel-major', priorWeight: 1e6 } as const
  const step = scheduler.purityStep(logits, 9, masks, {
    ...rule,
    generator: new RandomGenerator(5),
    previousTimestep: 0,
  })
  expect([...Array.from(await step.prevSample.read())]).toEqual([0, K, K, 1])
  expect(await scheduler.readFaults()).toEqual({ invalidColumns: 2, impossibleTokens: 0 })
  const prior = await scheduler.purityPrior(logits, masks, rule).logProb.read()
  const rows = Array.from({ length: columns.length }, (_, n) => Array.from(prior).slice(n * (K + 1), (n + 1) * (K + 1)))
  expect(rows[1]).toSatisfy(isNothing)
  expect(rows[2]).toEqual([...Array(K).fill(-70), 0])
  expect(rows[3]!.slice(0, 3)).toEqual([-70, 0, -70])
  expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
}

/** Dense operators: an excluded class is −∞ and an invalid column NaN, whatever the logits are. */
async function checkDense<T extends EngineTensor>({ create, upload }: ExtremesEngine<T>): Promise<void> {
  const scheduler = await create(config)
  const columns: Column[] = [
    [0, -largest, -1],
    [0, -Infinity, -1],
    [0, -limit, -1],
    [0, largest, -1],
    [0, NaN, -1],
  ]
  const { data, shape } = tensor(columns, 'pixel-major')
  const logits = upload(data as Float32Array<ArrayBuffer>, shape)
  const sample = scheduler.uploadTokens([0, 0, 0, 0, 0], [1, columns.length])
  const layout = 'pixel-major'
  const results = {
    qPosterior: scheduler.qPosterior(logits, sample, 9, { layout, previousTimestep: 4 }),
    applyCumulativeTransitions: scheduler.applyCumulativeTransitions(logits, -1, { layout }),
    logPX0: scheduler.logPX0(logits, { layout }),
    'logPX0 clamped': scheduler.logPX0(logits, { layout, minimum: -70 }),
    logProb: scheduler.purityPrior(logits, sample, { layout, priorWeight: 1 }).logProb,
  }
  for (const [name, result] of Object.entries(results)) {
    const values = Array.from(await result.read())
    const rows = values.length / columns.length
    const [lowest, infinite, atLimit, high, invalid] = columns.map((_, n) => values.slice(n * rows, (n + 1) * rows))
    expect(infinite!.some(Number.isNaN), name).toBe(false)
    expect(lowest, name).toEqual(infinite)
    expect(atLimit, name).toEqual(infinite)
    expect(high, name).toEqual(invalid)
    expect(invalid![1], name).toBe(NaN)
  }
  expect(await scheduler.readFaults()).toEqual({ invalidColumns: 2, impossibleTokens: 0 })
  // A clamp of −1e29 or less counts as none.
  const apart = tensor([[6e28, -9e28, 0]], layout).data as Float32Array<ArrayBuffer>
  const clamped = scheduler.logPX0(upload(apart, [1, 1, K]), { layout, minimum: -1.2e29 })
  expect((await clamped.read())[1]).toBeLessThan(-1.4e29)
  // The codebook is copied as it is.
  const codebook = Float32Array.from({ length: K }, (_, k) => [NaN, Infinity, -Infinity, largest][k] ?? k)
  const vectors = scheduler.lookupCodebook(upload(codebook, [K, 1]), scheduler.uploadTokens([3, 2, 1, 0, 7], [1, 5]))
  expect(Array.from(await vectors.read())).toEqual([largest, -Infinity, Infinity, NaN, 7])
}

/** Uniforms outside of [0, 1] make a column invalid; those of the operator give NaN. */
async function checkNoise<T extends EngineTensor>({ create, upload }: ExtremesEngine<T>): Promise<void> {
  const scheduler = await create(config)
  const uniforms = [0, -0, 1, 0.5, 1.0000001, -1e-45, -0.25, 2, NaN, Infinity]
  const [valid, N] = [4, uniforms.length]
  // The class of this uniform is excluded, but for its noise.
  const noise = (rows: number) => {
    const data = new Float32Array(rows * N).fill(0.5)
    for (const [n, value] of uniforms.entries()) data[n * rows + 2] = value
    return upload(data, [1, N, rows])
  }
  const logits = new Float32Array(K * N)
  for (let n = 0; n < N; n++) logits[n * K + 2] = -Infinity
  const layout = 'pixel-major'
  const sample = scheduler.uploadTokens(new Uint32Array(N).fill(3), [1, N])
  const faults = { invalidColumns: N - valid, impossibleTokens: 0 }
  for (const [previousTimestep, rows] of [
    [4, K + 1],
    [-1, K],
  ] as const) {
    const step = scheduler.step(upload(logits, [1, N, K]), 9, sample, { layout, previousTimestep, noise: noise(rows) })
    const tokens = Array.from(await step.prevSample.read())
    expect(tokens.slice(valid)).toEqual(new Array(N - valid).fill(3))
    expect(await scheduler.readFaults(), `to ${previousTimestep}`).toEqual(faults)
  }
  const classMajor = new Float32Array((K + 1) * N).fill(0.5)
  classMajor.set(uniforms, 2 * N)
  const noised = scheduler.addNoise(sample, 9, { noise: upload(classMajor, [1, K + 1, N]) })
  expect(Array.from(await noised.read()).slice(valid)).toEqual(new Array(N - valid).fill(3))
  expect(await scheduler.readFaults(), 'addNoise').toEqual(faults)
  const scores = upload(
    Float32Array.from(uniforms, (_, n) => (n === 9 ? -Infinity : 1)),
    [N],
  )
  const sums = Array.from(await scheduler.gumbelNoised(scores, upload(Float32Array.from(uniforms), [N])).read())
  expect(sums.map(Number.isNaN)).toEqual(uniforms.map((_, n) => n >= valid))
}

/** Tokens that the process cannot produce are counted in every kind of step, and their posterior is NaN. */
async function checkImpossible<T extends EngineTensor>({ create, upload }: ExtremesEngine<T>): Promise<void> {
  const tokens = [0, K, 2]
  const N = tokens.length
  const logits = upload(new Float32Array(K * N), [1, K, N])
  const noise = upload(new Float32Array((K + 1) * N).fill(0.5), [1, K + 1, N])
  const masksAll = { alpha_cum_start: 1, alpha_cum_end: 0, gamma_cum_start: 0, gamma_cum_end: 1 }
  const neverMasks = { alpha_cum_start: 1, alpha_cum_end: 0, gamma_cum_start: 0, gamma_cum_end: 0 }
  for (const [schedule, t, impossible] of [
    [masksAll, 19, [0, 2]],
    [masksAll, 18, []],
    [neverMasks, 19, [1]],
  ] as const) {
    const scheduler = await create({ ...config, ...schedule })
    const sample = scheduler.uploadTokens(tokens, [1, N])
    const bySeed = { generator: new RandomGenerator(1), previousTimestep: 9 }
    for (const [name, { prevSample }] of [
      ['by seed', scheduler.step(logits, t, sample, bySeed)],
      ['by purity', scheduler.purityStep(logits, t, sample, bySeed)],
      ['with noise', scheduler.step(logits, t, sample, { noise, previousTimestep: 9 })],
    ] as const) {
      const drawn = await prevSample.read()
      if (name === 'with noise') for (const n of impossible) expect(drawn[n]).toBe(tokens[n])
    }
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 3 * impossible.length })
    const posterior = Array.from(await scheduler.qPosterior(logits, sample, t, { previousTimestep: 9 }).read())
    expect(posterior.map(Number.isNaN)).toEqual(
      posterior.map((_, i) => (impossible as readonly number[]).includes(i % N)),
    )
  }
}

export const checks = {
  'draws from extreme logits': checkDraws,
  'reads extreme logits in every other kernel': checkOtherKernels,
  'sharpens logits beyond the limit': checkSharpening,
  'gives dense tensors of extreme logits': checkDense,
  'refuses noise outside of [0, 1]': checkNoise,
  'counts tokens that the process cannot produce': checkImpossible,
}
