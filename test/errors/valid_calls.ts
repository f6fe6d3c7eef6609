import {
  type ChainOptions,
  type ChainScheduler,
  type ChainTensor,
  type Denoiser,
  type Layout,
  RandomGenerator,
  VQDiffusionPipeline,
  type VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import type { EngineScheduler } from '../conformance/engine'
import type { ValidCall } from './sweep'

/** An engine whose calls are tried: K = 4 classes, N = 3 latent pixels, T = 10 timesteps. */
export interface SmallEngine<T extends ChainTensor> {
  readonly scheduler: EngineScheduler<T> &
    ChainScheduler<T> &
    Pick<VQDiffusionScheduler, 'setTimesteps' | 'expectation'>
  upload(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]): T
}

/** Valid calls of all methods that both schedulers have, and of pipelines over them. */
export function validCalls<T extends ChainTensor>({ scheduler, upload }: SmallEngine<T>): ValidCall[] {
  const floats = (...shape: number[]) => upload(new Float32Array(shape.reduce((a, b) => a * b)), shape)
  const sample = upload(Uint32Array.of(0, 1, 4), [1, 3])
  const clean = upload(Uint32Array.of(0, 1, 2), [1, 3])
  const mask = upload(Uint32Array.of(0, 0, 1), [1, 3])
  const [logits, both, noise, vectors] = [floats(1, 4, 3), floats(2, 4, 3), floats(1, 5, 3), floats(4, 2)]
  const layout = 'class-major' as Layout
  const guidance = { scale: 2 }
  const drawing = { guidance, truncationRate: 0.9, known: { tokens: clean, mask }, diagnostics: true, layout }
  const outputs = () => ({ out: scheduler.emptyTokens([1, 3]), faults: scheduler.emptyTokens([2]) })
  const stepping = () => ({
    ...drawing,
    ...outputs(),
    generator: new RandomGenerator(1),
    noise: undefined,
    previousTimestep: 4,
    predOriginalSample: true,
  })
  const purity = () => ({
    ...outputs(),
    generator: new RandomGenerator(1),
    priorWeight: 1,
    byPurity: true,
    tokensPerCall: 2,
    layout,
    guidance,
    previousTimestep: 4,
  })
  const position = { step: 1, tokens: [0, 1, 4], random: { seeds: ['1'], counter: 2 } }
  const chain = {
    numInferenceSteps: 2,
    timesteps: undefined,
    spacing: 'strided',
    numLatentPixels: 3,
    batchSize: 1,
    latents: undefined,
    image: { tokens: clean, strength: 0.5 },
    known: { tokens: clean, mask },
    resume: undefined,
    method: 'posterior',
    priorWeight: 0,
    tokensPerCall: undefined,
    guidanceScale: 2,
    guidanceInterval: [0, 5],
    truncationRate: 1,
    seed: 1,
    generator: undefined,
    signal: new AbortController().signal,
    previewEvery: 0,
    predOriginalSample: false,
    diagnostics: false,
  }
  const denoiser: Denoiser<T, unknown> = ({ guided }) => (guided ? both : logits)
  const parts = { scheduler, denoiser, decoder: async () => 1, layout }
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  type Chain = ChainOptions<T>

  const calls: [name: string, call: ValidCall['call'], parameters: ValidCall['parameters']][] = [
    ['setTimesteps', scheduler.setTimesteps, () => [5, { spacing: 'strided' }]],
    ['prepare', scheduler.prepare, () => [drawing]],
    [
      'uploadTokens',
      scheduler.uploadTokens,
      () => [
        [0, 1, 4],
        [1, 3],
      ],
    ],
    ['assertTokens', scheduler.assertTokens, () => ['tokens', sample]],
    ['emptyTokens', scheduler.emptyTokens, () => [[1, 3]]],
    ['emptyDiagnostics', scheduler.emptyDiagnostics, () => [[1, 3]]],
    ['initialSample', scheduler.initialSample, () => [[1, 3], { generator: new RandomGenerator(1), start: 'noise' }]],
    ['step', scheduler.step, () => [both, 5, sample, stepping()]],
    ['step with noise', scheduler.step, () => [logits, 5, sample, { noise, previousTimestep: 4 }]],
    ['purityStep', scheduler.purityStep, () => [both, 5, sample, purity()]],
    [
      'the last purityStep',
      scheduler.purityStep,
      () => [
        logits,
        5,
        sample,
        { generator: new RandomGenerator(1), priorWeight: 1, byPurity: true, previousTimestep: -1 },
      ],
    ],
    ['purityPrior', scheduler.purityPrior, () => [logits, sample, { layout, priorWeight: 1, byPurity: false }]],
    ['qPosterior', scheduler.qPosterior, () => [logits, sample, 5, { layout, previousTimestep: 3 }]],
    ['gumbelNoised', scheduler.gumbelNoised, () => [logits, floats(1, 4, 3)]],
    ['indexToLogOnehot', scheduler.indexToLogOnehot, () => [sample, 4, { layout }]],
    [
      'logQTTransitioningToKnownClass',
      scheduler.logQTTransitioningToKnownClass,
      () => [{ t: 5, xT: sample, cumulative: true, layout }],
    ],
    ['applyCumulativeTransitions', scheduler.applyCumulativeTransitions, () => [logits, 5, { layout }]],
    [
      'logPX0',
      scheduler.logPX0,
      () => [both, { layout, outputLayout: layout, guidance, normalise: true, truncationRate: 0.9, minimum: -70 }],
    ],
    [
      'addNoise',
      scheduler.addNoise,
      () => [sample, 5, { generator: new RandomGenerator(1), faults: scheduler.emptyTokens([2]) }],
    ],
    ['addNoise with noise', scheduler.addNoise, () => [sample, 5, { noise }]],
    ['lookupCodebook', scheduler.lookupCodebook, () => [vectors, sample]],
    [
      'expectation',
      scheduler.expectation,
      () => [{ numInferenceSteps: 5, spacing: 'strided', method: 'posterior', strength: 0.5 }],
    ],
    // One level further down.
    [
      'step, guidance',
      (given: object) => scheduler.step(both, 5, sample, { ...stepping(), guidance: given as never }),
      () => [{ scale: 2 }],
    ],
    [
      'step, known',
      (given: object) => scheduler.step(both, 5, sample, { ...stepping(), known: given as never }),
      () => [drawing.known],
    ],
    [
      'step, diagnostics',
      (given: object) => scheduler.step(both, 5, sample, { ...stepping(), diagnostics: given as never }),
      () => [{ ...scheduler.emptyDiagnostics([1, 3]) }],
    ],
  ]
  const others: typeof calls = [
    ['new VQDiffusionPipeline', (given: typeof parts) => new VQDiffusionPipeline(given), () => [parts]],
    [
      'generate',
      (given: Chain) => pipeline.generate(given),
      () => [{ ...chain, callback: () => {}, callbackSteps: 1 }],
    ],
    [
      'generate from latents',
      (given: Chain) => pipeline.generate(given),
      () => [{ ...chain, image: undefined, latents: mask }],
    ],
    ['generate, image', (image: never) => pipeline.generate({ ...chain, image } as never), () => [chain.image]],
    ['generate, known', (known: never) => pipeline.generate({ ...chain, known } as never), () => [chain.known]],
    [
      'generate, resume',
      (resume: never) =>
        pipeline.generate({
          ...chain,
          timesteps: [9, 4],
          numInferenceSteps: undefined,
          image: undefined,
          resume,
        } as never),
      () => [position],
    ],
    ['start', (given: Chain) => pipeline.start(given), () => [chain]],
    ['new RandomGenerator', (seed: number) => new RandomGenerator(seed), () => [1]],
    ['RandomGenerator.fromState', RandomGenerator.fromState, () => [position.random]],
    ['streams', (batchSize: number) => new RandomGenerator(1).streams(batchSize), () => [1]],
  ]
  return [
    ...calls.map(([name, call, parameters]) => ({ name, call: call.bind(scheduler), parameters })),
    ...others.map(([name, call, parameters]) => ({ name, call, parameters })),
  ]
}
