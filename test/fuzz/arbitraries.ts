import fc from 'fast-check'
import type { Layout, TimestepOptions } from 'vq-diffusion-webgpu'
import { inRange } from './contents'
import type { CallDescription, Content, OddLogits, Ranges, TensorDescription } from './descriptions'
import { functionParameters } from './functions'
import { pictureParameters } from './pictures'

/** Valid calls of every method. What fast-check draws is mapped to a call, so that it shrinks to a simple one. */

const layouts: readonly Layout[] = ['class-major', 'pixel-major']

/** What valid parameters depend on. */
export interface Sizes {
  readonly K: number
  readonly T: number
  /** Of a scheduler with class ranges; all of its samples have as many latent pixels. */
  readonly ranges?: Ranges | undefined
}

const seed = fc.integer({ min: 0, max: 1000 })
const part = fc.double({ min: 0, max: 1, noNaN: true })
const batchOf = ({ ranges }: Sizes) =>
  fc.record({
    B: fc.integer({ min: 1, max: 3 }),
    N: ranges ? fc.constant(ranges.length) : fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 9, max: 40 })),
  })
const layout = fc.constantFrom(undefined, ...layouts)
const place = fc.constantFrom(undefined, 'own', 'part', 'onnx') as fc.Arbitrary<'own' | undefined>
const odd = fc.oneof(
  { weight: 4, arbitrary: fc.constant('none' as OddLogits) },
  { weight: 1, arbitrary: fc.constantFrom<OddLogits[]>('-Infinity', 'NaN', 'Infinity', 'excluded column') },
)
const rate = fc.oneof(part, fc.constantFrom(0, 1, -1, 2))
const scale = fc.oneof(fc.double({ min: -2, max: 6, noNaN: true }), fc.constantFrom(0, 1, 5))

/** The options that are not undefined. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

const columns = (layout: Layout | undefined, B: number, rows: number, N: number) =>
  layout === 'pixel-major' ? [B, N, rows] : [B, rows, N]

function tensor(
  dtype: TensorDescription['dtype'],
  shape: readonly number[],
  content: Content,
  place?: TensorDescription['place'],
): TensorDescription {
  return { $: 'tensor', dtype, shape, content, ...(place && { place }) }
}

/** A part of the real line as an integer from `minimum` to `maximum`. */
const between = (part: number, minimum: number, maximum: number) =>
  Math.min(maximum, minimum + Math.floor(part * (maximum - minimum + 1)))

const logits = fc.record({ seed, scale: fc.constantFrom(8, 1, 0, 20), odd, half: fc.boolean(), place })
type Logits = { seed: number; scale: number; odd: OddLogits; half: boolean; place: TensorDescription['place'] }

const logitsOf = ({ seed, scale, odd, half, place }: Logits, shape: readonly number[]) =>
  tensor(half ? 'f16' : 'f32', shape, { logits: seed, scale, odd }, place)

const tokens = fc.record({
  seed,
  masks: fc.constantFrom(0.5, 0, 1),
  signed: fc.boolean(),
  anyClass: rarely(),
  outside: rarely(),
  place,
})
type Tokens = {
  seed: number
  masks: number
  signed: boolean
  /** Whether they are of any class, in spite of ranges. */
  anyClass: boolean
  outside: boolean
  place: TensorDescription['place']
}

const tokensOf = (
  { seed, masks, signed, anyClass, outside, place }: Tokens,
  shape: readonly number[],
  { K, ranges }: Sizes,
) =>
  tensor(
    signed ? 'i32' : 'u32',
    shape,
    { tokens: seed, classes: K, masks, ...(ranges && !anyClass && { ranges }), ...(outside && { outside }) },
    place,
  )

/** Tokens without masks. */
const cleanTokens = (seed: number, shape: readonly number[], { K, ranges }: Sizes) =>
  tensor('u32', shape, { tokens: seed, classes: K, masks: 0, ...(ranges && { ranges }) })

function rarely(): fc.Arbitrary<boolean> {
  return fc.integer({ min: 0, max: 9 }).map((value) => value === 9)
}

const generator = fc.record({
  seeds: fc.array(fc.oneof(seed, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), { minLength: 1, maxLength: 3 }),
  calls: fc.constantFrom(0, 1, 7, 2 ** 32 - 1),
})
/** A generator with one seed, or one for each item. */
const generatorOf = ({ seeds, calls }: { seeds: readonly (number | bigint)[]; calls: number }, B: number) => ({
  $: 'generator',
  seeds: seeds.length === 1 ? seeds : Array.from({ length: B }, (_, item) => seeds[item % seeds.length]!),
  calls,
})

/** A step t → u: for each item its own or the same for all, given or from the list of timesteps, to clean data or not. */
const steps = fc.record({
  perItem: fc.boolean(),
  listed: fc.boolean(),
  toClean: fc.boolean(),
  parts: fc.array(fc.tuple(part, part), { minLength: 3, maxLength: 3 }),
  place: fc.nat(20),
})
type Steps = { perItem: boolean; listed: boolean; toClean: boolean; parts: [number, number][]; place: number }

function stepOf({ perItem, listed, toClean, parts, place }: Steps, B: number, T: number) {
  if (listed) return { timestep: { $: 'timestep', place }, previousTimestep: undefined }
  // Not to clean data: t is 1 at least, and u is 0 at least.
  const pairs = parts.map(([x, y]) => {
    const t = between(x, toClean ? 0 : 1, T - 1)
    return { t, u: toClean ? -1 : between(y, 0, t - 1) }
  })
  const each = <V>(of: (pair: { t: number; u: number }) => V) =>
    perItem ? Array.from({ length: B }, (_, item) => of(pairs[item]!)) : of(pairs[0]!)
  return { timestep: each(({ t }) => t), previousTimestep: each(({ u }) => u) }
}

const guidance = fc.option(fc.record({ scale, separate: fc.boolean(), other: seed }), { nil: undefined })
type Guided = { scale: number; separate: boolean; other: number } | undefined

/** Logits of B items with their guidance. */
function guided(
  of: Logits,
  guidance: Guided,
  layout: Layout | undefined,
  [B, K, N]: readonly [number, number, number],
) {
  const items = guidance && !guidance.separate ? 2 * B : B
  const unconditional =
    guidance?.separate === true
      ? logitsOf({ ...of, seed: guidance.other, odd: 'none' }, columns(layout, B, K, N))
      : undefined
  return {
    modelOutput: logitsOf(of, columns(layout, items, K, N)),
    guidance: guidance && given({ scale: guidance.scale, unconditional }),
  }
}

/** What a step of either kind takes. */
const stepInputs = (sizes: Sizes) => ({ batch: batchOf(sizes), steps, layout, logits, tokens, generator, guidance })

function step(sizes: Sizes) {
  const { K, T } = sizes
  const presence = fc.constantFrom('no', 'new', 'given', 'part' as const)
  return fc
    .record({
      ...stepInputs(sizes),
      truncationRate: fc.option(rate, { nil: undefined }),
      known: fc.option(seed, { nil: undefined }),
      x0: presence,
      diagnostics: presence,
      out: presence,
      faults: fc.boolean(),
      encoder: rarely(),
    })
    .map(({ batch: { B, N }, ...drawn }) => {
      const { layout } = drawn
      const { timestep, previousTimestep } = stepOf(drawn.steps, B, T)
      const { modelOutput, guidance } = guided(drawn.logits, drawn.guidance, layout, [B, K, N])
      const output = (presence: string) =>
        presence === 'given' || presence === 'part'
          ? tensor('u32', [B, N], { zeros: true }, presence === 'part' ? 'part' : 'own')
          : undefined
      const zeros = (dtype: 'f32' | 'u32', shape: number[]) => tensor(dtype, shape, { zeros: true })
      const known = drawn.known !== undefined && {
        tokens: cleanTokens(drawn.known, [B, N], sizes),
        mask: tensor('u32', [B, N], { bits: drawn.known }),
      }
      const options = given({
        generator: generatorOf(drawn.generator, B),
        layout,
        guidance,
        truncationRate: drawn.truncationRate,
        previousTimestep,
        known: known || undefined,
        predOriginalSample: output(drawn.x0) ?? (drawn.x0 === 'new' ? true : undefined),
        diagnostics:
          drawn.diagnostics === 'given'
            ? { entropy: zeros('f32', [B, N]), topProbability: zeros('f32', [B, N]), counts: zeros('u32', [2]) }
            : drawn.diagnostics === 'new'
              ? true
              : undefined,
        out: output(drawn.out),
        faults: drawn.faults ? zeros('u32', [2]) : undefined,
        encoder: drawn.encoder ? { $: 'encoder' } : undefined,
      })
      return [modelOutput, timestep, tokensOf(drawn.tokens, [B, N], sizes), options]
    })
}

function stepWithNoise(sizes: Sizes) {
  const { K, T } = sizes
  return fc
    .record({ batch: batchOf(sizes), steps, layout, logits, tokens, guidance, seed, out: fc.boolean(), place })
    .map(({ batch: { B, N }, ...drawn }) => {
      const { layout } = drawn
      // A list of timesteps does not tell how many rows are needed.
      const { timestep, previousTimestep } = stepOf({ ...drawn.steps, listed: false }, B, T)
      const { modelOutput, guidance } = guided(drawn.logits, drawn.guidance, layout, [B, K, N])
      const noise = tensor(
        'f32',
        columns(layout, B, drawn.steps.toClean ? K : K + 1, N),
        { uniforms: drawn.seed },
        drawn.place,
      )
      const out = drawn.out ? tensor('u32', [B, N], { zeros: true }) : undefined
      return [
        modelOutput,
        timestep,
        tokensOf(drawn.tokens, [B, N], sizes),
        given({ noise, layout, guidance, previousTimestep, out }),
      ]
    })
}

const purityRule = {
  priorWeight: fc.constantFrom(undefined, 0, 0.5, 2),
  byPurity: fc.constantFrom(undefined, true, false),
}
const tokensPerCall = fc.constantFrom(undefined, 1, 2, 5)

function purityStep(sizes: Sizes) {
  const { K, T } = sizes
  return fc
    .record({
      ...stepInputs(sizes),
      ...purityRule,
      tokensPerCall,
      out: fc.boolean(),
      faults: fc.boolean(),
    })
    .map(({ batch: { B, N }, ...drawn }) => {
      const { layout, priorWeight, byPurity, tokensPerCall } = drawn
      const { timestep, previousTimestep } = stepOf(drawn.steps, B, T)
      const { modelOutput, guidance } = guided(drawn.logits, drawn.guidance, layout, [B, K, N])
      const out = drawn.out ? tensor('u32', [B, N], { zeros: true }) : undefined
      const faults = drawn.faults ? tensor('u32', [2], { zeros: true }) : undefined
      const generator = generatorOf(drawn.generator, B)
      const rule = { priorWeight, byPurity, tokensPerCall }
      const options = given({ generator, layout, guidance, ...rule, previousTimestep, out, faults })
      return [modelOutput, timestep, tokensOf(drawn.tokens, [B, N], sizes), options]
    })
}

/** Operators of logits and a sample. */
function operators(sizes: Sizes) {
  const { K, T } = sizes
  const common = fc.record({
    batch: batchOf(sizes),
    steps,
    layout,
    logits,
    tokens,
    guidance,
    seed,
    part,
    ...purityRule,
  })
  const option = (options: object) => (Object.keys(options).length > 0 ? [options] : [])
  return {
    qPosterior: fc.tuple(common, fc.boolean()).map(
      ([
        {
          batch: { B, N },
          ...drawn
        },
        direct,
      ]) => {
        const { layout } = drawn
        const { timestep, previousTimestep } = stepOf({ ...drawn.steps, listed: false }, B, T)
        const options = given({ layout, previousTimestep: direct ? undefined : previousTimestep })
        return [
          logitsOf(drawn.logits, columns(layout, B, K, N)),
          tokensOf(drawn.tokens, [B, N], sizes),
          timestep,
          ...option(options),
        ]
      },
    ),
    purityPrior: common.map(({ batch: { B, N }, layout, priorWeight, byPurity, ...drawn }) => [
      logitsOf(drawn.logits, columns(layout, B, K, N)),
      tokensOf(drawn.tokens, [B, N], sizes),
      ...option(given({ layout, priorWeight, byPurity })),
    ]),
    gumbelNoised: common.map(({ batch: { B, N }, ...drawn }) => [
      logitsOf(drawn.logits, [B, K, N]),
      tensor('f32', [B, K, N], { uniforms: drawn.seed }, drawn.tokens.place),
    ]),
    indexToLogOnehot: common.map(({ batch: { B, N }, layout, ...drawn }) => [
      tokensOf(drawn.tokens, [B, N], sizes),
      between(drawn.part, 1, K + 1),
      ...option(given({ layout })),
    ]),
    logQTTransitioningToKnownClass: fc.tuple(common, fc.boolean()).map(
      ([
        {
          batch: { B, N },
          layout,
          ...drawn
        },
        cumulative,
      ]) => [
        given({
          t: stepOf({ ...drawn.steps, listed: false }, B, T).timestep,
          xT: tokensOf(drawn.tokens, [B, N], sizes),
          cumulative,
          layout,
        }),
      ],
    ),
    applyCumulativeTransitions: common.map(({ batch: { B, N }, layout, ...drawn }) => [
      logitsOf(drawn.logits, columns(layout, B, K, N)),
      stepOf({ ...drawn.steps, listed: false }, B, T)[drawn.seed % 5 === 0 ? 'previousTimestep' : 'timestep'],
      ...option(given({ layout })),
    ]),
    logPX0: fc
      .tuple(
        common,
        fc.record({
          outputLayout: layout,
          normalise: fc.constantFrom(undefined, true, false),
          truncationRate: fc.option(rate, { nil: undefined }),
          minimum: fc.constantFrom(undefined, -70, -2, -Infinity),
        }),
      )
      .map(
        ([
          {
            batch: { B, N },
            layout,
            ...drawn
          },
          others,
        ]) => {
          const { modelOutput, guidance } = guided(drawn.logits, drawn.guidance, layout, [B, K, N])
          return [modelOutput, ...option(given({ layout, guidance, ...others }))]
        },
      ),
    lookupCodebook: common.map(({ batch: { B, N }, ...drawn }) => [
      tensor('f32', [K, between(drawn.part, 1, 5)], { logits: drawn.seed, scale: 2, odd: 'none' }, drawn.logits.place),
      tokensOf(drawn.tokens, [B, N], sizes),
    ]),
  }
}

function addNoise(sizes: Sizes) {
  const { K, T } = sizes
  return fc
    .record({
      batch: batchOf(sizes),
      steps,
      tokens,
      generator,
      noise: fc.option(seed, { nil: undefined }),
      faults: fc.boolean(),
    })
    .map(({ batch: { B, N }, ...drawn }) => {
      const { timestep } = stepOf({ ...drawn.steps, listed: false }, B, T)
      const faults = drawn.faults ? tensor('u32', [2], { zeros: true }) : undefined
      const options =
        drawn.noise === undefined
          ? given({ generator: generatorOf(drawn.generator, B), faults })
          : { noise: tensor('f32', [B, K + 1, N], { uniforms: drawn.noise }) }
      return [tokensOf(drawn.tokens, [B, N], sizes), timestep, options]
    })
}

/** A falling list of timesteps of some of 0 … T − 1. */
const timestepList = (T: number) =>
  fc
    .uniqueArray(fc.integer({ min: 0, max: T - 1 }), { minLength: 1, maxLength: 6 })
    .map((list) => list.sort((a, b) => b - a))

const spacing = fc.constantFrom(undefined, 'strided', 'leading')

/** Timesteps as a chain takes them. */
const timestepOptions = (T: number) =>
  fc
    .record({
      count: fc.integer({ min: 1, max: Math.min(6, T) }),
      list: fc.option(timestepList(T), { nil: undefined }),
      spacing,
    })
    .map(({ count, list, spacing }) => given({ numInferenceSteps: list ? undefined : count, timesteps: list, spacing }))

/** A strength that leaves the chain a step; or 0, which leaves none. */
function strengthOf(part: number, { timesteps, numInferenceSteps, spacing }: TimestepOptions, T: number): number {
  const strided = Math.floor(T / (numInferenceSteps ?? 1) + 0.5) - 1
  const last = timesteps?.at(-1) ?? (spacing === 'leading' ? 0 : strided)
  return part === 0 ? 0 : between(part, last + 1, T) / T
}

/** The options of a chain, its network, and what happens in it. */
function chain(sizes: Sizes) {
  const { K, T } = sizes
  return fc
    .record({
      batch: batchOf(sizes),
      timesteps: timestepOptions(T),
      start: fc.constantFrom('noise', 'latents', 'image', 'resume'),
      tokens,
      strength: fc.oneof(part, fc.constantFrom(0, 1)),
      resumed: part,
      known: fc.option(seed, { nil: undefined }),
      method: fc.constantFrom(undefined, 'purity', 'purity', 'fast'),
      tokensPerCall,
      priorWeight: purityRule.priorWeight,
      guidanceScale: fc.option(scale, { nil: undefined }),
      guidanceInterval: fc.option(fc.tuple(part, part), { nil: undefined }),
      truncationRate: fc.option(rate, { nil: undefined }),
      generator,
      asGenerator: fc.boolean(),
      previewEvery: fc.constantFrom(0, 1, 2),
      predOriginalSample: fc.constantFrom(undefined, true, false),
      diagnostics: fc.constantFrom(undefined, true, false),
      network: fc.record({
        $: fc.constant('network'),
        seed,
        scale: fc.constantFrom(8, 0),
        layout: fc.constantFrom(...layouts),
        odd,
      }),
      happens: fc.record({
        $: fc.constant('event'),
        call: fc.nat(5),
        event: fc.constantFrom('none', 'none', 'none', 'abort', 'throw', 'no tensor', 'wrong shape', 'stop'),
      }),
    })
    .map(({ batch: { B, N }, timesteps, start, method, ...drawn }) => {
      const purity = method === 'purity'
      const clean = (seed: number) => cleanTokens(seed, [B, N], sizes)
      const { $, ...source } = generatorOf(drawn.generator, B)
      const count = timesteps.timesteps?.length ?? timesteps.numInferenceSteps!
      const resume = {
        step: between(drawn.resumed, 0, count),
        tokens: Array.from({ length: B * N }, (_, i) => {
          const token = (i * 7 + drawn.tokens.seed) % (K + 1)
          return token < K ? inRange(token, sizes.ranges?.[i % N]) : token
        }),
        random: { seeds: source.seeds.map(String), counter: source.calls },
      }
      const options = given({
        ...timesteps,
        numLatentPixels: N,
        batchSize: B,
        latents: start === 'latents' ? tokensOf({ ...drawn.tokens, place: undefined }, [B, N], sizes) : undefined,
        image:
          start === 'image'
            ? { tokens: clean(drawn.tokens.seed), strength: strengthOf(drawn.strength, timesteps, T) }
            : undefined,
        resume: start === 'resume' ? resume : undefined,
        known:
          drawn.known === undefined || purity
            ? undefined
            : { tokens: clean(drawn.known), mask: tensor('u32', [B, N], { bits: drawn.known }) },
        method,
        tokensPerCall: purity ? drawn.tokensPerCall : undefined,
        priorWeight: drawn.priorWeight,
        guidanceScale: drawn.guidanceScale,
        guidanceInterval: drawn.guidanceInterval?.map((part) => between(part, 0, T - 1)).sort((a, b) => a - b),
        truncationRate: purity ? undefined : drawn.truncationRate,
        seed: drawn.asGenerator ? undefined : source.seeds,
        generator: drawn.asGenerator ? { $, ...source } : undefined,
        previewEvery: drawn.previewEvery,
        predOriginalSample: drawn.predOriginalSample,
        diagnostics: purity ? undefined : drawn.diagnostics,
      })
      return [options, drawn.network, drawn.happens]
    })
}

/** Valid parameters by method. */
export function validParameters(sizes: Sizes): Record<string, fc.Arbitrary<readonly unknown[]>> {
  const { K, T } = sizes
  const batch = batchOf(sizes)
  const shape = batch.map(({ B, N }) => [[B, N]])
  return {
    step: step(sizes),
    'step with noise': stepWithNoise(sizes),
    purityStep: purityStep(sizes),
    ...operators(sizes),
    addNoise: addNoise(sizes),
    initialSample: fc
      .record({ batch, generator, start: fc.constantFrom(undefined, 'noise', 'mask') })
      .map(({ batch: { B, N }, generator, start }) => [[B, N], given({ generator: generatorOf(generator, B), start })]),
    uploadTokens: fc
      .record({ batch, seed })
      .map(({ batch: { B, N }, seed }) => [Array.from({ length: B * N }, (_, i) => (i * 5 + seed) % (K + 1)), [B, N]]),
    emptyTokens: shape,
    emptyDiagnostics: shape,
    assertTokens: fc
      .record({ batch, tokens })
      .map(({ batch: { B, N }, tokens }) => ['sample', tokensOf(tokens, [B, N], sizes)]),
    setTimesteps: fc.oneof(
      timestepList(T).map((list) => [list]),
      fc.tuple(fc.integer({ min: 1, max: T }), spacing).map(([count, spacing]) => [count, given({ spacing })]),
    ),
    expectation: fc
      .record({
        timesteps: timestepOptions(T),
        method: fc.constantFrom(undefined, 'posterior', 'purity', 'fast'),
        strength: fc.option(part, { nil: undefined }),
      })
      .map(({ timesteps, strength, ...others }) => [
        given({
          ...timesteps,
          ...others,
          strength: strength === undefined ? undefined : strengthOf(strength, timesteps, T),
        }),
      ]),
    readFaults: fc.constant([]),
    finished: fc.constant([]),
    prepare: fc
      .record({
        layout,
        guidance,
        truncationRate: fc.option(rate, { nil: undefined }),
        diagnostics: fc.constantFrom(undefined, true, false),
      })
      .map(({ layout, guidance, ...others }) => [
        given({ layout, guidance: guidance && { scale: guidance.scale }, ...others }),
      ]),
    toJSON: fc.constant([]),
    destroy: fc.constant([]),
    generate: chain(sizes),
    sample: chain(sizes),
    start: chain(sizes),
    'several chains': fc.tuple(chain(sizes), chain(sizes)),
    pictures: pictureParameters(sizes),
  }
}

/** How often each method is called: most often those with many options. */
const weights: Readonly<Record<string, number>> = {
  step: 12,
  'step with noise': 3,
  purityStep: 5,
  generate: 4,
  sample: 6,
  'several chains': 2,
  pictures: 3,
  logPX0: 3,
  addNoise: 3,
  initialSample: 2,
  setTimesteps: 2,
}

/** Methods that compute with all classes of each latent pixel, and refuse a scheduler with class ranges. */
const refuseRanges = [
  'step with noise',
  'purityPrior',
  'qPosterior',
  'logQTTransitioningToKnownClass',
  'applyCumulativeTransitions',
]

function takesRanges(method: string, parameters: readonly unknown[]): boolean {
  const noise = method === 'addNoise' && 'noise' in (parameters.at(-1) as object)
  return !noise && !refuseRanges.includes(method)
}

/** Valid calls. */
export function validCalls(sizes: Sizes): fc.Arbitrary<CallDescription> {
  const calls = Object.entries({ ...validParameters(sizes), ...functionParameters }).map(([method, parameters]) => ({
    weight: weights[method] ?? 1,
    arbitrary: parameters.map((given) => ({
      method,
      parameters: given,
      valid:
        !JSON.stringify(given, (_, value) => (typeof value === 'bigint' ? 0 : value)).match(/"event":"(?!none)/) &&
        (!sizes.ranges || takesRanges(method, given)),
    })),
  }))
  return fc.oneof(...calls)
}
