import {
  type ChainTensor,
  ConfigError,
  DestroyedError,
  DtypeError,
  LimitError,
  OptionError,
  RandomGenerator,
  ShapeError,
  TimestepError,
  TokenRangeError,
  VQDiffusionPipeline,
  type VQDiffusionSchedulerOptions,
} from 'vq-diffusion-webgpu'
import type { InvalidCall } from './operator_calls'
import type { SmallEngine } from './valid_calls'

/** K = 8, N = 6, T = 10. */
export const wrongCallConfig = { num_vec_classes: 9, num_train_timesteps: 10 }
/** The same of two latent pixels with ranges of classes. */
export const rangedConfig = {
  ...wrongCallConfig,
  class_range: [
    [0, 3],
    [4, 7],
  ] as const,
}

export interface WrongCallEngine<T extends ChainTensor> extends SmallEngine<T> {
  /** A scheduler of `rangedConfig`. */
  readonly ranged: SmallEngine<T>['scheduler']
  create(options: VQDiffusionSchedulerOptions): Promise<unknown>
  fromConfig(json: unknown): Promise<unknown>
  /** Another tensor of the same tokens. */
  view(tokens: T, shape: readonly number[]): T
  /** Of chains that would draw, and of the calls that need one. */
  readonly generator: RandomGenerator
}

/**
 * Calls that both engines refuse with the same error before any work. The timesteps of the scheduler have to be those of
 * `setTimesteps(5)`, [9, 7, 5, 3, 1].
 */
export function wrongCalls<T extends ChainTensor>({
  scheduler,
  ranged,
  upload,
  view,
  create,
  fromConfig,
  generator,
}: WrongCallEngine<T>): InvalidCall[] {
  const config = wrongCallConfig
  const [K, N] = [8, 6]
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b)
  const logits = (shape = [1, K, N]) => upload(new Float32Array(size(shape)), shape)
  const integers = (...shape: number[]) => upload(new Uint32Array(size(shape)), shape)
  const sample = scheduler.uploadTokens([0, 1, 2, 8, 8, 8], [1, N])
  const good = { generator }
  const pair = integers(1, 2)
  const sameMemory = { ...good, faults: view(pair, [2]) }
  const diagnostics = scheduler.emptyDiagnostics([1, N])
  const [dead, deadTokens] = [logits(), integers(1, N)]
  for (const tensor of [dead, deadTokens]) tensor.destroy()
  const denoiser = () => logits()
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  const chain = { numLatentPixels: N, numInferenceSteps: 5, seed: 1, conditioning: null }
  /** A call of a method with fewer arguments than it has. */
  const call = (method: (...values: never[]) => unknown, ...given: unknown[]) =>
    method.apply(scheduler, given as never[])

  const calls: [InvalidCall['name'], InvalidCall['error'], InvalidCall['message'], InvalidCall['call']][] = [
    [
      'logits of too few classes',
      ShapeError,
      /\[1, 8, 6\]; given \[1, 7, 6\]/,
      () => scheduler.step(logits([1, 7, N]), 5, sample, good),
    ],
    [
      'logits with C rows',
      ShapeError,
      /\[1, 8, 6\]; given \[1, 9, 6\]/,
      () => scheduler.step(logits([1, 9, N]), 5, sample, good),
    ],
    [
      'logits in the other layout',
      ShapeError,
      /given \[1, 8, 6\]/,
      () => scheduler.step(logits(), 5, sample, { ...good, layout: 'pixel-major' }),
    ],
    [
      'logits of another batch',
      ShapeError,
      /given \[2, 8, 6\]/,
      () => scheduler.step(logits([2, K, N]), 5, sample, good),
    ],
    ['logits of two axes', ShapeError, /given \[8, 6\]/, () => scheduler.step(logits([K, N]), 5, sample, good)],
    [
      'guided logits of batch B',
      ShapeError,
      /\[2, 8, 6\]; given \[1, 8, 6\]/,
      () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: 2 } }),
    ],
    [
      'unconditional logits of another shape',
      ShapeError,
      /guidance\.unconditional/,
      () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: 2, unconditional: logits([2, K, N]) } }),
    ],
    ['a sample of one axis', ShapeError, /two axes.*given \[6\]/, () => scheduler.step(logits(), 5, integers(6), good)],
    [
      'noise of K rows before the last step',
      ShapeError,
      /noise .*\[1, 9, 6\]; given \[1, 8, 6\]/,
      () => scheduler.step(logits(), 5, sample, { noise: logits() }),
    ],
    [
      'noise of C rows in the last step',
      ShapeError,
      /noise .*\[1, 8, 6\]; given \[1, 9, 6\]/,
      () => scheduler.step(logits(), 1, sample, { noise: logits([1, 9, N]) }),
    ],
    [
      'an output of another shape',
      ShapeError,
      /out .*given \[1, 5\]/,
      () => scheduler.step(logits(), 5, sample, { ...good, out: scheduler.emptyTokens([1, 5]) }),
    ],
    [
      'two seeds for three items',
      ShapeError,
      /3 needs one seed or 3; given 2/,
      () => scheduler.initialSample([3, N], { generator: new RandomGenerator([1, 2]) }),
    ],
    [
      'data that does not fill its shape',
      ShapeError,
      /holds 6 elements; given 5/,
      () => scheduler.uploadTokens([1, 2, 3, 4, 5], [1, N]),
    ],
    ['a negative shape', ShapeError, /given \[-1, 6\]/, () => scheduler.initialSample([-1, N], good)],
    ['gumbelNoised of two shapes', ShapeError, /noise/, () => scheduler.gumbelNoised(logits(), logits([1, K, 5]))],
    [
      'logits that are no tensor',
      ShapeError,
      /given undefined/,
      () => scheduler.step(undefined as never, 5, sample, good),
    ],
    [
      'integer logits',
      DtypeError,
      /modelOutput .*f32 or f16( or f64)?; given u32/,
      () => scheduler.step(integers(1, K, N), 5, sample, good),
    ],
    [
      'a sample of floats',
      DtypeError,
      /sample .*u32 or i32; given f32/,
      () => scheduler.step(logits(), 5, logits([1, N]), good),
    ],
    ['noise of integers', DtypeError, /noise/, () => scheduler.step(logits(), 5, sample, { noise: integers(1, 9, N) })],
    [
      'a token above the mask',
      TokenRangeError,
      /0 to 8 .*given 9 at position 1/,
      () => scheduler.uploadTokens([1, 9, 0, 0, 0, 0], [1, N]),
    ],
    [
      'a negative token',
      TokenRangeError,
      /given -1 at position 0/,
      () => scheduler.uploadTokens([-1, 0, 0, 0, 0, 0], [1, N]),
    ],
    ['a fractional token', TokenRangeError, /given 0\.5/, () => scheduler.uploadTokens([0.5, 0, 0, 0, 0, 0], [1, N])],
    ['timestep T', TimestepError, /0 to 9; given 10/, () => scheduler.step(logits(), 10, sample, good)],
    ['timestep −1', TimestepError, /given -1/, () => scheduler.step(logits(), -1, sample, good)],
    ['timestep 0.5', TimestepError, /given 0\.5/, () => scheduler.step(logits(), 0.5, sample, good)],
    ['timestep NaN', TimestepError, /given NaN/, () => scheduler.step(logits(), Number.NaN, sample, good)],
    [
      'a timestep outside the list without its successor',
      TimestepError,
      /Timestep 4 is not in the list \[9, 7, 5, 3, 1\]/,
      () => scheduler.step(logits(), 4, sample, good),
    ],
    [
      'a previous timestep that is not earlier',
      TimestepError,
      /previous timestep of 5 .*−1 to 4; given 5/,
      () => scheduler.step(logits(), 5, sample, { ...good, previousTimestep: 5 }),
    ],
    [
      'a previous timestep below −1',
      TimestepError,
      /given -2/,
      () => scheduler.step(logits(), 5, sample, { ...good, previousTimestep: -2 }),
    ],
    [
      'two timesteps for one item',
      TimestepError,
      /one per batch item \(1\); given \[5, 3\]/,
      () => scheduler.step(logits(), [5, 3] as never, sample, good),
    ],
    ['qPosterior beyond T', TimestepError, /given 99/, () => scheduler.qPosterior(logits(), sample, 99)],
    ['neither generator nor noise', OptionError, /given neither/, () => scheduler.step(logits(), 5, sample, {})],
    [
      'both generator and noise',
      OptionError,
      /given both/,
      () => scheduler.step(logits(), 5, sample, { generator, noise: logits([1, 9, N]) }),
    ],
    [
      'x₀ with supplied noise',
      OptionError,
      /predOriginalSample needs a generator/,
      () => scheduler.step(logits(), 5, sample, { noise: logits([1, 9, N]), predOriginalSample: true }),
    ],
    [
      'an unknown layout',
      OptionError,
      /given "NHWC"/,
      () => scheduler.step(logits(), 5, sample, { ...good, layout: 'NHWC' as never }),
    ],
    [
      'an infinite guidance scale',
      OptionError,
      /a number from -1000000 to 1000000; given Infinity/,
      () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: Infinity, unconditional: logits() } }),
    ],
    [
      'a guidance scale of which products are beyond float32',
      OptionError,
      /guidanceScale needs to be a number from -1000000 to 1000000; given -1000001/,
      () => pipeline.generate({ ...chain, guidanceScale: -1_000_001 }),
    ],
    [
      'a purity weight of which products are beyond float32',
      OptionError,
      /priorWeight needs to be a number from 0 to 1000000; given 1e\+300/,
      () => pipeline.generate({ ...chain, method: 'purity', priorWeight: 1e300 }),
    ],
    [
      'a chain of no tokens a call',
      OptionError,
      /tokensPerCall needs to be an integer from 1 to .*given 0/,
      () => pipeline.generate({ ...chain, method: 'purity', tokensPerCall: 0 }),
    ],
    [
      'tokens a call of a chain that is not by purity',
      OptionError,
      /method 'posterior' does not support tokensPerCall/,
      () => pipeline.generate({ ...chain, tokensPerCall: 2 }),
    ],
    [
      'tokens a call of fast sampling',
      OptionError,
      /method 'fast' does not support tokensPerCall/,
      () => pipeline.generate({ ...chain, method: 'fast', tokensPerCall: 2 }),
    ],
    [
      'an unknown method',
      OptionError,
      /method needs to be 'posterior' or 'purity' or 'fast'; given "confidence"/,
      () => pipeline.generate({ ...chain, method: 'confidence' as never }),
    ],
    [
      'half a token a call',
      OptionError,
      /tokensPerCall needs to be an integer .*given 0\.5/,
      () => scheduler.purityStep(logits(), 5, sample, { ...good, tokensPerCall: 0.5 }),
    ],
    [
      'a clamp that counts as +∞',
      OptionError,
      /minimum needs to be a number from -Infinity to 1e\+28; given 1e\+29/,
      () => scheduler.logPX0(logits(), { minimum: 1e29 }),
    ],
    [
      'a truncation rate of NaN',
      OptionError,
      /truncationRate needs to be a number; given NaN/,
      () => scheduler.step(logits(), 5, sample, { ...good, truncationRate: NaN }),
    ],
    [
      'an output that is the sample',
      OptionError,
      /out needs (a buffer|memory) of its own/,
      () => scheduler.step(logits(), 5, sample, { ...good, out: sample }),
    ],
    [
      'one tensor for both outputs',
      OptionError,
      /predOriginalSample needs (a buffer|memory) of its own/,
      () => {
        const both = scheduler.emptyTokens([1, N])
        return scheduler.step(logits(), 5, sample, { ...good, out: both, predOriginalSample: both })
      },
    ],
    [
      'faults of another shape',
      ShapeError,
      /faults .*\[invalid columns, impossible tokens\] = \[2\]; given \[1, 6\]/,
      () => scheduler.step(logits(), 5, sample, { ...good, faults: scheduler.emptyTokens([1, N]) }),
    ],
    [
      'faults that are the sample of a step',
      OptionError,
      /faults needs (a buffer|memory) of its own/,
      () => scheduler.step(logits([1, K, 2]), 5, pair, sameMemory),
    ],
    [
      'faults that are the sample of a purity step',
      OptionError,
      /faults needs (a buffer|memory) of its own/,
      () => scheduler.purityStep(logits([1, K, 2]), 5, pair, sameMemory),
    ],
    [
      'faults that are the clean tokens',
      OptionError,
      /faults needs (a buffer|memory) of its own/,
      () => scheduler.addNoise(pair, 5, sameMemory),
    ],
    ['more inference steps than timesteps', OptionError, /1 to 10 .*given 11/, () => scheduler.setTimesteps(11)],
    ['no inference steps', OptionError, /given 0/, () => scheduler.setTimesteps(0)],
    [
      'an unknown spacing',
      OptionError,
      /'leading'; given "linspace"/,
      () => scheduler.setTimesteps(5, { spacing: 'linspace' as never }),
    ],
    ['a start without a generator', OptionError, /needs a generator/, () => scheduler.initialSample([1, N], {})],
    [
      'an unknown start',
      OptionError,
      /start needs to be 'noise' or 'mask'; given "masked"/,
      () => scheduler.initialSample([1, N], { generator, start: 'masked' as never }),
    ],
    [
      'a purity step of an unknown layout',
      OptionError,
      /'pixel-major'; given "channels-last"/,
      () => scheduler.purityStep(logits(), 5, sample, { ...good, layout: 'channels-last' as never }),
    ],
    [
      'a purity step guided by NaN',
      OptionError,
      /guidance\.scale .*given NaN/,
      () => scheduler.purityStep(logits([2, K, N]), 5, sample, { ...good, guidance: { scale: NaN } }),
    ],
    [
      'a purity step without a generator',
      OptionError,
      /purityStep needs a generator/,
      () => scheduler.purityStep(logits(), 5, sample, {} as never),
    ],
    ['no number of classes', ConfigError, /num_vec_classes/, () => fromConfig({ num_train_timesteps: 10 })],
    [
      'a range of classes with the mask',
      ConfigError,
      /0 ≤ first ≤ last ≤ 7; given \[0, 8\] for latent pixel 0/,
      () => create({ ...config, class_range: [[0, 8]] }),
    ],
    [
      'a sample of another number of pixels than there are ranges',
      ShapeError,
      /sample needs 2 latent pixels, one for each pair of the scheduler's class_range; given 6/,
      () => ranged.step(logits(), 5, sample, good),
    ],
    [
      'a purity step of another number of pixels than there are ranges',
      ShapeError,
      /sample needs 2 latent pixels.*given 6/,
      () => ranged.purityStep(logits(), 5, sample, sameMemory),
    ],
    [
      'a start of another number of pixels than there are ranges',
      ShapeError,
      /initialSample needs 2 latent pixels.*given 6/,
      () => ranged.initialSample([1, N], good),
    ],
    [
      'noise on another number of pixels than there are ranges',
      ShapeError,
      /x0 needs 2 latent pixels.*given 6/,
      () => ranged.addNoise(sample, 5, good),
    ],
    [
      'a chain of another number of pixels than there are ranges',
      ShapeError,
      /numLatentPixels needs 2 latent pixels.*given 6/,
      () => new VQDiffusionPipeline({ scheduler: ranged, denoiser }).generate(chain),
    ],
    [
      'latents of another number of pixels than there are ranges',
      ShapeError,
      /latents needs 2 latent pixels.*given 6/,
      () =>
        new VQDiffusionPipeline({ scheduler: ranged, denoiser }).generate({
          ...chain,
          numLatentPixels: undefined as never,
          latents: sample,
        }),
    ],
    [
      'supplied noise for ranges of classes',
      OptionError,
      /step with supplied noise computes with all 8 classes of each latent pixel; given a scheduler with a class_range/,
      () => ranged.step(logits([1, K, 2]), 5, pair, { noise: logits([1, K + 1, 2]) }),
    ],
    [
      'noising by supplied noise for ranges of classes',
      OptionError,
      /addNoise with supplied noise computes with all 8 classes/,
      () => ranged.addNoise(pair, 5, { noise: logits([1, K + 1, 2]) }),
    ],
    [
      'a dense posterior of ranges of classes',
      OptionError,
      /qPosterior computes with all 8 classes/,
      () => ranged.qPosterior(logits([1, K, 2]), pair, 5),
    ],
    [
      'transition rows of ranges of classes',
      OptionError,
      /logQTTransitioningToKnownClass computes with all 8 classes/,
      () => ranged.logQTTransitioningToKnownClass({ t: 5, xT: pair, cumulative: true }),
    ],
    [
      'cumulative transitions of ranges of classes',
      OptionError,
      /applyCumulativeTransitions computes with all 8 classes/,
      () => ranged.applyCumulativeTransitions(logits([1, K, 2]), 5),
    ],
    [
      'a dense purity prior of ranges of classes',
      OptionError,
      /purityPrior computes with all 8 classes/,
      () => ranged.purityPrior(logits([1, K, 2]), pair),
    ],
    ['one class', ConfigError, /at least 2 .*; given 1/, () => create({ num_vec_classes: 1 })],
    ['one timestep', ConfigError, /at least 2 .*; given 1/, () => create({ ...config, num_train_timesteps: 1 })],
    [
      'ᾱ + γ̄ above 1',
      ConfigError,
      /at most 1; given 0\.9 \+ 0\.2/,
      () => create({ ...config, alpha_cum_start: 0.9, gamma_cum_start: 0.2 }),
    ],
    ['a configuration that is a list', ConfigError, /needs to be an object; given \[\]/, () => fromConfig([])],

    // The calls that gave a bare TypeError, or passed, before all arguments were checked.
    [
      'a count as a string',
      OptionError,
      /integer from 1 to 10 .*given "16" \(string\)/,
      () => scheduler.setTimesteps('16' as never),
    ],
    ['no timesteps', OptionError, /number of inference steps .*given undefined/, () => call(scheduler.setTimesteps)],
    ['a bigint of timesteps', OptionError, /given 5n/, () => scheduler.setTimesteps(5n as never)],
    [
      'a list of strings as timesteps',
      OptionError,
      /fall strictly .*given \["9", "3"\]/,
      () => scheduler.setTimesteps(['9', '3'] as never),
    ],
    [
      'a list of timesteps with a hole',
      OptionError,
      /given \[9, undefined, 3\]/,
      () => scheduler.setTimesteps(Object.assign(new Array(3), { 0: 9, 2: 3 })),
    ],
    [
      'a spacing outside of an object',
      OptionError,
      /last argument of setTimesteps .*given "leading"/,
      () => scheduler.setTimesteps(5, 'leading' as never),
    ],
    [
      'null as options',
      OptionError,
      /last argument of setTimesteps .*given null/,
      () => scheduler.setTimesteps(5, null as never),
    ],
    ['a seed as a string', OptionError, /seed .*given "42" \(string\)/, () => new RandomGenerator('42' as never)],
    ['no seed', OptionError, /seed .*given undefined/, () => new RandomGenerator(undefined as never)],
    ['seeds with a hole', OptionError, /seed .*given undefined/, () => new RandomGenerator(new Array(1))],
    [
      'a generator without its state',
      OptionError,
      /state .*\{ seeds, counter \}; given undefined/,
      () => RandomGenerator.fromState(undefined as never),
    ],
    [
      'a state without seeds',
      OptionError,
      /seeds need to be a list; given undefined/,
      () => RandomGenerator.fromState({ counter: 1 } as never),
    ],
    [
      'a state with a counter as a string',
      OptionError,
      /counter .*given "1"/,
      () => RandomGenerator.fromState({ seeds: ['1'], counter: '1' as never }),
    ],
    [
      'tokens as bigints',
      TokenRangeError,
      /given 0n at position 0\. Convert them: Uint32Array\.from/,
      () => scheduler.uploadTokens(new BigInt64Array(N) as never, [1, N]),
    ],
    [
      'tokens as strings',
      TokenRangeError,
      /given "0" \(string\) at position 0/,
      () => scheduler.uploadTokens(['0', '1'] as never, [1, 2]),
    ],
    ['no tokens', ShapeError, /list of non-negative integers; given undefined/, () => call(scheduler.uploadTokens)],
    [
      'tokens that are no list',
      DtypeError,
      /list or a typed array; given an empty object/,
      () => scheduler.uploadTokens({} as never, [1, N]),
    ],
    [
      'tokens of one axis',
      ShapeError,
      /uploadTokens needs two axes \[batch, latent pixels\]; given \[6\]/,
      () => scheduler.uploadTokens(new Uint32Array(N), [N] as never),
    ],
    ['a shape that is a number', ShapeError, /given 6/, () => scheduler.emptyTokens(6 as never)],
    ['no shape', ShapeError, /given undefined/, () => call(scheduler.emptyTokens)],
    ['diagnostics of one axis', ShapeError, /two axes .*given \[6\]/, () => scheduler.emptyDiagnostics([N])],
    [
      'a start of one axis',
      ShapeError,
      /initialSample needs two axes .*given \[16\]/,
      () => scheduler.initialSample([16] as never, good),
    ],
    ['a start without arguments', ShapeError, /given undefined/, () => call(scheduler.initialSample)],
    [
      'a start without options',
      OptionError,
      /initialSample needs a generator; given none/,
      () => call(scheduler.initialSample, [1, N]),
    ],
    [
      'a start with a seed as generator',
      OptionError,
      /new RandomGenerator\(42\); given 42/,
      () => scheduler.initialSample([1, N], { generator: 42 as never }),
    ],
    [
      'a start from masks with a seed as generator, though it draws nothing',
      OptionError,
      /new RandomGenerator\(42\); given 42/,
      () => scheduler.initialSample([1, N], { generator: 42 as never, start: 'mask' }),
    ],
    [
      'a start with the generator as options',
      OptionError,
      /needs a generator; given none/,
      () => scheduler.initialSample([1, N], generator as never),
    ],
    ['a start too large', LimitError, /needs/, () => scheduler.initialSample([2 ** 40, 1], good)],
    ['tokens too large', LimitError, /needs/, () => scheduler.emptyTokens([2 ** 40, 2])],
    [
      'a step without arguments',
      OptionError,
      /step needs either a generator or noise; given neither/,
      () => call(scheduler.step),
    ],
    [
      'a step with null as options',
      OptionError,
      /last argument of step .*given null/,
      () => scheduler.step(logits(), 5, sample, null as never),
    ],
    [
      'a step with a seed as generator',
      OptionError,
      /generator needs to be a RandomGenerator.*given 42/,
      () => scheduler.step(logits(), 5, sample, { generator: 42 as never }),
    ],
    [
      'a step without a sample',
      ShapeError,
      /sample needs to be a .*Tensor.*given undefined/,
      () => scheduler.step(logits(), 5, undefined as never, good),
    ],
    [
      'a sample that is a list',
      ShapeError,
      /given \[0, 1, 2\]\. .*uploadTokens/,
      () => scheduler.step(logits(), 5, [0, 1, 2] as never, good),
    ],
    [
      'a sample that is an array',
      ShapeError,
      /given a Uint32Array of 6 elements/,
      () => scheduler.step(logits(), 5, new Uint32Array(N) as never, good),
    ],
    [
      'logits that are a promise',
      ShapeError,
      /modelOutput .*given a Promise; await it/,
      () => scheduler.step(Promise.resolve() as never, 5, sample, good),
    ],
    [
      'no timestep',
      TimestepError,
      /number or one per batch item \(1\); given undefined/,
      () => scheduler.step(logits(), undefined as never, sample, good),
    ],
    [
      'a timestep as a string',
      TimestepError,
      /given "5" \(string\)/,
      () => scheduler.step(logits(), '5' as never, sample, good),
    ],
    [
      'timesteps as strings',
      TimestepError,
      /given "5" \(string\)/,
      () => scheduler.step(logits(), ['5'] as never, sample, good),
    ],
    ['a timestep as a bigint', TimestepError, /given 5n/, () => scheduler.step(logits(), 5n as never, sample, good)],
    [
      'a previous timestep of null',
      TimestepError,
      /previousTimestep .*given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, previousTimestep: null as never }),
    ],
    [
      'a truncation rate of null',
      OptionError,
      /truncationRate needs to be a number; given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, truncationRate: null as never }),
    ],
    [
      'a truncation rate as a string',
      OptionError,
      /truncationRate .*given "" \(string\)/,
      () => scheduler.step(logits(), 5, sample, { ...good, truncationRate: '' as never }),
    ],
    [
      'a layout of null',
      OptionError,
      /layout .*given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, layout: null as never }),
    ],
    [
      'a scale outside of an object',
      OptionError,
      /guidance needs to be an object \{ scale, unconditional \}; given 2/,
      () => scheduler.step(logits([2, K, N]), 5, sample, { ...good, guidance: 2 as never }),
    ],
    [
      'guidance of null',
      OptionError,
      /guidance .*given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, guidance: null as never }),
    ],
    [
      'guidance without a scale',
      OptionError,
      /guidance\.scale needs to be a number from -1000000 to 1000000; given undefined/,
      () => scheduler.step(logits([2, K, N]), 5, sample, { ...good, guidance: {} as never }),
    ],
    [
      'guidance with null as the other half',
      ShapeError,
      /guidance\.unconditional .*given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: 2, unconditional: null as never } }),
    ],
    [
      'known tokens without an object',
      OptionError,
      /known needs to be an object \{ tokens, mask \}; given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, known: null as never }),
    ],
    [
      'known tokens without a mask',
      ShapeError,
      /known\.mask .*given undefined/,
      () => scheduler.step(logits(), 5, sample, { ...good, known: { tokens: sample } as never }),
    ],
    [
      'an output of null',
      ShapeError,
      /out .*given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, out: null as never }),
    ],
    [
      'a wish for x₀ that is a string',
      OptionError,
      /predOriginalSample needs to be true or false; given "yes"/,
      () => scheduler.step(logits(), 5, sample, { ...good, predOriginalSample: 'yes' as never }),
    ],
    [
      'diagnostics of null',
      OptionError,
      /diagnostics .*given null/,
      () => scheduler.step(logits(), 5, sample, { ...good, diagnostics: null as never }),
    ],
    [
      'diagnostics of which one is missing',
      ShapeError,
      /diagnostics\.topProbability .*given undefined/,
      () =>
        scheduler.step(logits(), 5, sample, {
          ...good,
          diagnostics: { ...diagnostics, topProbability: undefined as never },
        }),
    ],
    [
      'faults that are a list',
      ShapeError,
      /faults .*given \[0, 0\]/,
      () => scheduler.step(logits(), 5, sample, { ...good, faults: [0, 0] as never }),
    ],
    [
      'noise of null',
      OptionError,
      /given both/,
      () => scheduler.step(logits(), 5, sample, { ...good, noise: null as never }),
    ],
    [
      'a purity step without arguments',
      OptionError,
      /purityStep needs a generator; given none/,
      () => call(scheduler.purityStep),
    ],
    [
      'a purity step with a seed as generator',
      OptionError,
      /RandomGenerator.*given 42/,
      () => scheduler.purityStep(logits(), 5, sample, { generator: 42 as never }),
    ],
    [
      'a purity weight of null',
      OptionError,
      /priorWeight needs to be a number from 0 to 1000000; given null/,
      () => scheduler.purityStep(logits(), 5, sample, { ...good, priorWeight: null as never }),
    ],
    [
      'a purity weight without end',
      OptionError,
      /priorWeight .*given Infinity/,
      () => scheduler.purityStep(logits(), 5, sample, { ...good, priorWeight: Infinity }),
    ],
    [
      'a purity rule that is a string',
      OptionError,
      /byPurity .*given "no"/,
      () => scheduler.purityPrior(logits(), sample, { byPurity: 'no' as never }),
    ],
    [
      'preparing for an unknown layout',
      OptionError,
      /layout .*given "NHWC"/,
      () => scheduler.prepare({ layout: 'NHWC' as never }),
    ],
    [
      'preparing for a rate of null',
      OptionError,
      /truncationRate .*given null/,
      () => scheduler.prepare({ truncationRate: null as never } as never),
    ],

    // Mistakes that a shape reveals.
    [
      'logits of the other layout',
      ShapeError,
      /given \[1, 6, 8\]\. Its axes are those of layout: 'pixel-major'/,
      () => scheduler.step(logits([1, N, K]), 5, sample, good),
    ],
    [
      'logits of the other layout than was said',
      ShapeError,
      /given \[1, 8, 6\]\. Its axes are those of layout: 'class-major'/,
      () => scheduler.step(logits(), 5, sample, { ...good, layout: 'pixel-major' }),
    ],
    [
      'dense logits of the other layout',
      ShapeError,
      /\[1, 8, 6\]; given \[1, 6, 8\]\. Its axes are those of layout: 'pixel-major'/,
      () => scheduler.logPX0(logits([1, N, K])),
    ],
    [
      'as many classes of logits as with the mask',
      ShapeError,
      /num_vec_classes, which counts the mask.*given \[1, 9, 6\]\. Logits of 9 classes need num_vec_classes 10, the mask included/,
      () => scheduler.step(logits([1, 9, N]), 5, sample, good),
    ],

    // Tensors that were destroyed.
    ['destroyed logits', DestroyedError, /\[1, 8, 6\] was destroyed/, () => scheduler.step(dead, 5, sample, good)],
    ['a destroyed sample', DestroyedError, /was destroyed/, () => scheduler.step(logits(), 5, deadTokens, good)],
    [
      'a destroyed output',
      DestroyedError,
      /was destroyed/,
      () => scheduler.step(logits(), 5, sample, { ...good, out: deadTokens }),
    ],
    [
      'a destroyed mask of known tokens',
      DestroyedError,
      /was destroyed/,
      () => scheduler.step(logits(), 5, sample, { ...good, known: { tokens: sample, mask: deadTokens } }),
    ],
    [
      'destroyed unconditional logits',
      DestroyedError,
      /was destroyed/,
      () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: 2, unconditional: dead } }),
    ],
    ['a destroyed log-probability', DestroyedError, /was destroyed/, () => scheduler.qPosterior(dead, sample, 5)],
    ['reading a destroyed tensor', DestroyedError, /\[1, 8, 6\] was destroyed/, () => dead.read()],
    ['copying a destroyed tensor', DestroyedError, /\[1, 8, 6\] was destroyed/, () => dead.clone()],
    [
      'destroyed latents',
      DestroyedError,
      /was destroyed/,
      () => pipeline.generate({ ...chain, latents: deadTokens as never }),
    ],

    // Pipelines.
    [
      'a pipeline of nothing',
      OptionError,
      /scheduler needs to be a VQDiffusionScheduler; given undefined/,
      () => new VQDiffusionPipeline(undefined as never),
    ],
    [
      'a pipeline of a promise',
      OptionError,
      /scheduler .*given a Promise; await it/,
      () => new VQDiffusionPipeline({ scheduler: Promise.resolve(scheduler), denoiser } as never),
    ],
    [
      'a pipeline without a network',
      OptionError,
      /denoiser needs to be a function.*given undefined/,
      () => new VQDiffusionPipeline({ scheduler } as never),
    ],
    [
      'a pipeline of a network that is loading',
      OptionError,
      /denoiser .*given a Promise; await it/,
      () => new VQDiffusionPipeline({ scheduler, denoiser: Promise.resolve() as never }),
    ],
    [
      'a pipeline with a decoder of null',
      OptionError,
      /decoder .*given null/,
      () => new VQDiffusionPipeline({ scheduler, denoiser, decoder: null as never }),
    ],
    [
      'a pipeline of an unknown layout',
      OptionError,
      /layout .*given "NHWC"/,
      () => new VQDiffusionPipeline({ scheduler, denoiser, layout: 'NHWC' as never }),
    ],
    [
      'a chain without options',
      OptionError,
      /numInferenceSteps or timesteps; given neither/,
      () => pipeline.generate(undefined as never),
    ],
    [
      'a chain with null as options',
      OptionError,
      /last argument of generate .*given null/,
      () => pipeline.generate(null as never),
    ],
    ['a start of a chain without options', OptionError, /given neither/, () => pipeline.start(undefined as never)],
    [
      'a step of a chain without options',
      OptionError,
      /given neither/,
      () => pipeline.sample(undefined as never).next(),
    ],
    [
      'a count of steps as a string',
      OptionError,
      /given "5" \(string\)/,
      () => pipeline.generate({ ...chain, numInferenceSteps: '5' as never }),
    ],
    ['a seed of null', OptionError, /seed .*given null/, () => pipeline.generate({ ...chain, seed: null as never })],
    [
      'a chain with a seed as generator',
      OptionError,
      /RandomGenerator.*given 42/,
      () => pipeline.generate({ ...chain, seed: undefined as never, generator: 42 as never }),
    ],
    [
      'latents that are a list',
      ShapeError,
      /latents needs to be .*given \[0, 1\]\. .*uploadTokens/,
      () => pipeline.generate({ ...chain, latents: [0, 1] as never }),
    ],
    [
      'latents of null',
      ShapeError,
      /latents .*given null/,
      () => pipeline.generate({ ...chain, latents: null as never }),
    ],
    [
      'latents of floats',
      DtypeError,
      /latents .*given f32/,
      () => pipeline.generate({ ...chain, latents: logits([1, N]) }),
    ],
    [
      'an image without an object',
      OptionError,
      /image needs to be an object \{ tokens, strength \}/,
      () => pipeline.generate({ ...chain, image: [0, 1] as never }),
    ],
    [
      'an image of null',
      OptionError,
      /image .*given null/,
      () => pipeline.generate({ ...chain, image: null as never }),
    ],
    [
      'an image without tokens',
      ShapeError,
      /image\.tokens .*given undefined/,
      () => pipeline.generate({ ...chain, image: { strength: 0.5 } as never }),
    ],
    [
      'a strength as a string',
      OptionError,
      /image\.strength needs to be a number from 0 to 1; given "" \(string\)/,
      () => pipeline.generate({ ...chain, image: { tokens: sample, strength: '' as never } }),
    ],
    [
      'a strength that draws no step',
      OptionError,
      /image\.strength needs to be 0, which returns the image, or at least 0\.2, .*given 0\.19/,
      () => pipeline.generate({ ...chain, numInferenceSteps: 5, image: { tokens: sample, strength: 0.19 } }),
    ],
    [
      'no strength',
      OptionError,
      /image\.strength .*given undefined/,
      () => pipeline.generate({ ...chain, image: { tokens: sample } as never }),
    ],
    [
      'a chain with a mask that is a list',
      ShapeError,
      /known\.mask .*given \[1, 1\]/,
      () => pipeline.generate({ ...chain, known: { tokens: sample, mask: [1, 1] as never } }),
    ],
    [
      'a chain with a truncation rate of null',
      OptionError,
      /truncationRate .*given null/,
      () => pipeline.generate({ ...chain, truncationRate: null as never }),
    ],
    [
      'a guidance scale as a string',
      OptionError,
      /guidanceScale needs to be a number from -1000000 to 1000000; given "2" \(string\)/,
      () => pipeline.generate({ ...chain, guidanceScale: '2' as never }),
    ],
    [
      'a guidance interval of one timestep',
      OptionError,
      /guidanceInterval needs to be a list of two timesteps, \[from, to\]; given \[5\]/,
      () => pipeline.generate({ ...chain, guidanceScale: 2, guidanceInterval: [5] as never }),
    ],
    [
      'a guidance interval of null',
      OptionError,
      /guidanceInterval .*given null/,
      () => pipeline.generate({ ...chain, guidanceInterval: null as never }),
    ],
    [
      'a guidance interval beyond the timesteps',
      OptionError,
      /last timestep of guidanceInterval needs to be an integer from 2 to 9; given 10/,
      () => pipeline.generate({ ...chain, guidanceInterval: [2, 10] }),
    ],
    [
      'a guidance interval that falls',
      OptionError,
      /last timestep of guidanceInterval needs to be an integer from 5 to 9; given 2/,
      () => pipeline.generate({ ...chain, guidanceInterval: [5, 2] }),
    ],
    [
      'a guidance interval between timesteps, though no step is guided',
      OptionError,
      /first timestep of guidanceInterval needs to be an integer from 0 to 9; given 0\.5/,
      () => pipeline.generate({ ...chain, guidanceScale: 1, guidanceInterval: [0.5, 9] }),
    ],
    [
      'a method of null',
      OptionError,
      /method .*given null/,
      () => pipeline.generate({ ...chain, method: null as never }),
    ],
    [
      'a spacing of null',
      OptionError,
      /spacing .*given null/,
      () => pipeline.generate({ ...chain, spacing: null as never }),
    ],
    [
      'half a latent pixel',
      OptionError,
      /numLatentPixels .*given 0\.5/,
      () => pipeline.generate({ ...chain, numLatentPixels: 0.5 }),
    ],
    [
      'a batch as a string',
      OptionError,
      /batchSize .*given "2"/,
      () => pipeline.generate({ ...chain, batchSize: '2' as never }),
    ],
    [
      'previews of null',
      OptionError,
      /previewEvery .*given null/,
      () => pipeline.generate({ ...chain, previewEvery: null as never }),
    ],
    [
      'a wish for diagnostics that is a number',
      OptionError,
      /diagnostics .*given 1/,
      () => pipeline.generate({ ...chain, diagnostics: 1 as never }),
    ],
    [
      'a signal that is its controller',
      OptionError,
      /signal needs to be an AbortSignal; given an AbortController/,
      () => pipeline.generate({ ...chain, signal: new AbortController() as never }),
    ],
    [
      'a callback that is no function',
      OptionError,
      /callback .*given true/,
      () => pipeline.generate({ ...chain, callback: true as never }),
    ],
    [
      'callback steps of null',
      OptionError,
      /callbackSteps .*given null/,
      () => pipeline.generate({ ...chain, callbackSteps: null as never }),
    ],
    [
      'a position that is a number',
      OptionError,
      /resume needs to be an object \{ step, tokens, random \}; given 3/,
      () => pipeline.generate({ ...chain, resume: 3 as never }),
    ],
    [
      'a position without tokens',
      DtypeError,
      /tokens of resume .*given undefined/,
      () => pipeline.generate({ ...chain, resume: { step: 0 } as never }),
    ],
    [
      'a position without random state',
      OptionError,
      /state .*given undefined/,
      () => pipeline.generate({ ...chain, resume: { step: 0, tokens: [0, 1, 2, 3, 4, 5] } as never }),
    ],
    [
      'a position with a seed that is none',
      OptionError,
      /seed needs to be an integer .*given -1/,
      () =>
        pipeline.generate({
          ...chain,
          seed: -1,
          resume: { step: 0, tokens: [0, 1, 2, 3, 4, 5], random: generator.state },
        }),
    ],
    // Names that no option has, and values that look like right ones.
    [
      'a misspelt option of a step',
      OptionError,
      /step takes no option "trucationRate": did you mean 'truncationRate'\? Its options are generator, noise, layout/,
      () => scheduler.step(logits(), 5, sample, { ...good, trucationRate: 0.8 } as never),
    ],
    [
      'an option of a step in snake case',
      OptionError,
      /"previous_timestep": did you mean 'previousTimestep'\?/,
      () => scheduler.step(logits(), 5, sample, { ...good, previous_timestep: 2 } as never),
    ],
    [
      'an option named as a method of all objects',
      OptionError,
      /step takes no option "toString"/,
      () => scheduler.step(logits(), 5, sample, { ...good, toString: 1 } as never),
    ],
    [
      'an inherited option that a step does not have',
      OptionError,
      /step takes no option "seed"/,
      () => scheduler.step(logits(), 5, sample, Object.assign(Object.create({ seed: 1 }), good)),
    ],
    [
      'a misspelt part of guidance',
      OptionError,
      /guidance takes no option "uncoditional": did you mean 'unconditional'\? Its options are scale, unconditional\./,
      () => scheduler.step(logits([2, K, N]), 5, sample, { ...good, guidance: { scale: 2, uncoditional: 1 } as never }),
    ],
    [
      'a misspelt part of known tokens',
      OptionError,
      /known takes no option "masks": did you mean 'mask'\?/,
      () => scheduler.step(logits(), 5, sample, { ...good, known: { tokens: sample, masks: sample } as never }),
    ],
    [
      'a misspelt part of diagnostics',
      OptionError,
      /diagnostics takes no option "top_probability": did you mean 'topProbability'\?/,
      () =>
        scheduler.step(logits(), 5, sample, { ...good, diagnostics: { ...diagnostics, top_probability: 1 } as never }),
    ],
    [
      'an option of a step in a purity step',
      OptionError,
      /purityStep takes no option "truncationRate"\. Its options are generator, priorWeight/,
      () => scheduler.purityStep(logits(), 5, sample, { ...good, truncationRate: 0.8 } as never),
    ],
    [
      'a misspelt option of the last purity step',
      OptionError,
      /purityStep takes no option "prior_weight": did you mean 'priorWeight'\?/,
      () => scheduler.purityStep(logits(), 1, sample, { ...good, prior_weight: 1 } as never),
    ],
    [
      'an unknown option of a list of timesteps',
      OptionError,
      /setTimesteps takes no option "timestep_spacing"\. Its options are spacing\./,
      () => scheduler.setTimesteps(5, { timestep_spacing: 'leading' } as never),
    ],
    [
      'an option of diffusers in a chain',
      OptionError,
      /generate takes no option "guidance_scale": did you mean 'guidanceScale'\?/,
      () => pipeline.generate({ ...chain, guidance_scale: 2 } as never),
    ],
    [
      'a callback of a streamed chain',
      OptionError,
      /sample takes no option "callback"\./,
      () => pipeline.sample({ ...chain, callback: () => {} } as never).next(),
    ],
    [
      'a misspelt option of a start',
      OptionError,
      /start takes no option "numLatentPixel": did you mean 'numLatentPixels'\?/,
      () => pipeline.start({ ...chain, numLatentPixel: 6 } as never),
    ],
    [
      'a misspelt part of an image',
      OptionError,
      /image takes no option "strenght": did you mean 'strength'\?/,
      () => pipeline.generate({ ...chain, image: { tokens: sample, strenght: 0.5 } as never }),
    ],
    [
      'a misspelt part of a position',
      OptionError,
      /resume takes no option "steps": did you mean 'step'\?/,
      () => pipeline.generate({ ...chain, resume: { steps: 1, tokens: [], random: generator.state } as never }),
    ],
    [
      'a misspelt part of the state of a generator',
      OptionError,
      /state takes no option "seed": did you mean 'seeds'\?/,
      () => RandomGenerator.fromState({ seed: ['1'], counter: 0 } as never),
    ],
    [
      'a misspelt part of a pipeline',
      OptionError,
      /VQDiffusionPipeline takes no option "denoisr": did you mean 'denoiser'\?/,
      () => new VQDiffusionPipeline({ scheduler, denoisr: denoiser } as never),
    ],
    [
      'a key of a scheduler in camel case',
      OptionError,
      /A scheduler takes no option "numVecClasses": did you mean 'num_vec_classes'\?/,
      () => create({ numVecClasses: 9 } as never),
    ],
    [
      'an unknown key of a scheduler',
      OptionError,
      /A scheduler takes no option "beta_start"\. Its options are num_vec_classes, num_train_timesteps/,
      () => create({ ...config, beta_start: 0.1 } as never),
    ],
    [
      'a configuration whose number of classes is undefined',
      ConfigError,
      /num_vec_classes .*given \{ num_train_timesteps \}/,
      () => fromConfig({ num_vec_classes: undefined, num_train_timesteps: 10 }),
    ],
    [
      'a Proxy of a generator',
      OptionError,
      /no Proxy of it: in Vue, give toRaw\(generator\)/,
      () => scheduler.step(logits(), 5, sample, { generator: new Proxy(generator, {}) }),
    ],
    [
      'an object with one method of a generator',
      OptionError,
      /RandomGenerator.*given \{ nextCounter \}/,
      () => scheduler.step(logits(), 5, sample, { generator: { nextCounter: () => 1 } as never }),
    ],
    [
      'a batch that no device has room for',
      LimitError,
      /A batch can have 1048576 items at most; given 1073741824/,
      () => pipeline.generate({ ...chain, batchSize: 2 ** 30, numLatentPixels: 1 }),
    ],
    [
      'a list of timesteps that is a hole',
      TimestepError,
      /given undefined/,
      () => scheduler.step(logits(), new Array(1) as never, sample, good),
    ],
    [
      'a number in an object',
      OptionError,
      /truncationRate .*given a Number/,
      () => scheduler.step(logits(), 5, sample, { ...good, truncationRate: Object(0.5) }),
    ],
    [
      'a symbol',
      TimestepError,
      /given Symbol\(5\)/,
      () => scheduler.step(logits(), Symbol('5') as never, sample, good),
    ],
    [
      'a seed beyond 64 bits in a state',
      OptionError,
      /given "18446744073709551616" \(string\)/,
      () => RandomGenerator.fromState({ seeds: ['18446744073709551616'], counter: 0 }),
    ],
    ['zero steps with a sign', OptionError, /given -0/, () => scheduler.setTimesteps(-0)],
    [
      'a name of tokens that is a symbol',
      OptionError,
      /name needs to be a string; given Symbol\(x\)/,
      () => scheduler.assertTokens(Symbol('x') as never, undefined as never),
    ],
    ['an expectation of nothing', OptionError, /given neither/, () => call(scheduler.expectation)],
    [
      'an expectation of a strength that draws no step',
      OptionError,
      /strength .*at least 1, .*given 0\.6/,
      () => scheduler.expectation({ numInferenceSteps: 1, strength: 0.6 }),
    ],
    [
      'an unknown option of an expectation',
      OptionError,
      /expectation takes no option "image_strength"/,
      () => scheduler.expectation({ numInferenceSteps: 5, image_strength: 1 } as never),
    ],
    [
      'an expectation of a strength as a string',
      OptionError,
      /strength .*given "1"/,
      () => scheduler.expectation({ numInferenceSteps: 5, strength: '1' as never }),
    ],
  ]
  return calls.map(([name, error, message, call]) => ({ name, error, message, call }))
}
