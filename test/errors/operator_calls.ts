import { DtypeError, OptionError, RandomGenerator, ShapeError, TimestepError } from 'vq-diffusion-webgpu'
import type { EngineScheduler } from '../conformance/engine'

export interface InvalidCall {
  readonly name: string
  readonly error: abstract new (...args: never[]) => Error
  readonly message: RegExp
  readonly call: () => unknown
}

/** Calls of the dense operators that both engines refuse with the same error. K = 4, N = 3, T = 10. */
export function invalidOperatorCalls<T>(
  scheduler: EngineScheduler<T>,
  upload: (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]) => T,
): InvalidCall[] {
  const floats = (...shape: number[]) => upload(new Float32Array(shape.reduce((a, b) => a * b)), shape)
  const sample = upload(Uint32Array.of(0, 1, 4), [1, 3])
  const generator = new RandomGenerator(1)
  const calls: [InvalidCall['name'], InvalidCall['error'], InvalidCall['message'], InvalidCall['call']][] = [
    ['two shapes', ShapeError, /noise/, () => scheduler.gumbelNoised(floats(1, 4, 3), floats(1, 4, 5))],
    ['no classes', OptionError, /given 0/, () => scheduler.indexToLogOnehot(sample, 0)],
    ['one axis', ShapeError, /two axes/, () => scheduler.indexToLogOnehot(upload(Uint32Array.of(1), [1]), 4)],
    ['a layout', OptionError, /"NHWC"/, () => scheduler.indexToLogOnehot(sample, 4, { layout: 'NHWC' as never })],
    [
      'timestep T',
      TimestepError,
      /given 10/,
      () => scheduler.logQTTransitioningToKnownClass({ t: 10, xT: sample, cumulative: true }),
    ],
    [
      'a sample of floats',
      DtypeError,
      /xT .*given f32/,
      () => scheduler.logQTTransitioningToKnownClass({ t: 1, xT: floats(1, 3), cumulative: true }),
    ],
    [
      'C rows',
      ShapeError,
      /q .*\[1, 4, 3\]; given \[1, 5, 3\]/,
      () => scheduler.applyCumulativeTransitions(floats(1, 5, 3), 1),
    ],
    [
      'two timesteps for an item',
      TimestepError,
      /\(1\); given \[1, 2\]/,
      () => scheduler.applyCumulativeTransitions(floats(1, 4, 3), [1, 2]),
    ],
    ['timestep −2', TimestepError, /given -2/, () => scheduler.applyCumulativeTransitions(floats(1, 4, 3), -2)],
    [
      'an odd batch of halves',
      ShapeError,
      /two halves.*given 3/,
      () => scheduler.logPX0(floats(3, 4, 3), { guidance: { scale: 2 } }),
    ],
    [
      'an infinite scale',
      OptionError,
      /from -1000000 to 1000000; given Infinity/,
      () => scheduler.logPX0(floats(2, 4, 3), { guidance: { scale: Infinity } }),
    ],
    ['a rate of NaN', OptionError, /given NaN/, () => scheduler.logPX0(floats(1, 4, 3), { truncationRate: NaN })],
    [
      'another output layout',
      OptionError,
      /"NHWC"/,
      () => scheduler.logPX0(floats(1, 4, 3), { outputLayout: 'NHWC' as never }),
    ],
    [
      'an unconditional half of another batch',
      ShapeError,
      /guidance\.unconditional/,
      () => scheduler.logPX0(floats(1, 4, 3), { guidance: { scale: 2, unconditional: floats(2, 4, 3) } }),
    ],
    ['no randomness', OptionError, /addNoise .*given neither/, () => scheduler.addNoise(sample, 1, {})],
    [
      'two sources of randomness',
      OptionError,
      /given both/,
      () => scheduler.addNoise(sample, 1, { generator, noise: floats(1, 5, 3) }),
    ],
    [
      'noise of K rows',
      ShapeError,
      /\[1, 5, 3\]; given \[1, 4, 3\]/,
      () => scheduler.addNoise(sample, 1, { noise: floats(1, 4, 3) }),
    ],
    [
      'a codebook of too few vectors',
      ShapeError,
      /\[4, 2\]; given \[3, 2\]/,
      () => scheduler.lookupCodebook(floats(3, 2), sample),
    ],
    ['a codebook of one axis', ShapeError, /given \[4\]/, () => scheduler.lookupCodebook(floats(4), sample)],
  ]
  return calls.map(([name, error, message, call]) => ({ name, error, message, call }))
}
