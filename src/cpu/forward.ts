import { requireGenerator, requireOneOf, requireOptions, requireSample, requireSampleShape } from '../checks'
import { forwardThresholds, threshold } from '../process/routes'
import { initialMaskProbability } from '../process/schedule'
import type { RandomGenerator } from '../random'
import type { CpuContext } from './context'
import { noised, routeDraw, uniformClass } from './draw'
import { asCpuTensor, CpuTensor } from './tensor'

/** The start of a chain and the forward process, drawn by seed. */
export class ForwardProcess {
  constructor(private readonly context: CpuContext) {}

  /** See `VQDiffusionScheduler.initialSample`. */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    options: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): CpuTensor<Uint32Array> {
    const { maskClass, numCodes, schedule } = this.context.process
    this.context.assertUsable()
    const { generator, start = 'noise' } = requireOptions('initialSample', options, { generator: true, start: true })
    const { batchSize, numPixels } = requireSampleShape('initialSample', shape)
    const sample = this.context.emptyTokens(shape)
    requireOneOf('start', start, ['noise', 'mask'])
    if (start === 'noise' || generator !== undefined) requireGenerator('initialSample', generator)
    if (start === 'mask') {
      sample.data.fill(maskClass)
      return sample
    }
    const streams = generator!.streams(batchSize)
    const counter = generator!.nextCounter()
    const masked = threshold(initialMaskProbability(schedule))
    for (let token = 0; token < sample.size; token++) {
      const at = { stream: streams[Math.floor(token / numPixels)]!, pixel: token % numPixels, counter }
      sample.data[token] = routeDraw(at) < masked ? maskClass : uniformClass(at, numCodes)
    }
    return sample
  }

  /** See `VQDiffusionScheduler.addNoise`, with a generator. */
  addNoise(
    x0: CpuTensor,
    t: number | readonly number[],
    options: { generator: RandomGenerator; faults?: CpuTensor },
  ): CpuTensor<Uint32Array> {
    const { context } = this
    const { maskClass, numCodes, schedule } = context.process
    context.assertUsable()
    const { generator, faults } = requireOptions('addNoise', options, { generator: true, faults: true })
    requireGenerator('addNoise', generator)
    const clean = asCpuTensor('x0', x0)
    const { batchSize, numPixels } = requireSample('x0', clean)
    const steps = context.process.resolveSteps(t, -1, batchSize)
    const counters = context.faultsOf(faults, [clean]).data
    const streams = generator.streams(batchSize)
    const counter = generator.nextCounter()
    const thresholds = steps.map((step) => forwardThresholds(schedule, step.t))
    const draw = (token: number) => {
      const item = Math.floor(token / numPixels)
      const class0 = context.classOf(clean.data, token)
      if (clean.data[token]! >>> 0 > maskClass) counters[1]!++
      if (class0 === maskClass) return maskClass // the mask is absorbing
      const at = { stream: streams[item]!, pixel: token % numPixels, counter }
      return noised(class0, thresholds[item]!, at, numCodes)
    }
    return new CpuTensor(
      Uint32Array.from({ length: clean.size }, (_, token) => draw(token)),
      clean.shape,
    )
  }
}
