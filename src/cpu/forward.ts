import { requireGenerator, requireOneOf, requireOptions, requireSample, requireSampleShape } from '../checks'
import { isOutside } from '../process/class_ranges'
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
    const { process } = this.context
    const { maskClass, schedule } = process
    this.context.assertUsable()
    const { generator, start = 'noise' } = requireOptions('initialSample', options, { generator: true, start: true })
    const { batchSize, numPixels } = requireSampleShape('initialSample', shape)
    process.requirePixels('initialSample', numPixels)
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
      sample.data[token] = routeDraw(at) < masked ? maskClass : uniformClass(at, process.rangeOf(at.pixel))
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
    const { process } = context
    const { maskClass, schedule } = process
    context.assertUsable()
    const { generator, faults } = requireOptions('addNoise', options, { generator: true, faults: true })
    requireGenerator('addNoise', generator)
    const clean = asCpuTensor('x0', x0)
    const { batchSize, numPixels } = requireSample('x0', clean)
    process.requirePixels('x0', numPixels)
    const steps = process.resolveSteps(t, -1, batchSize)
    const counters = context.faultsOf(faults, [clean]).data
    const streams = generator.streams(batchSize)
    const counter = generator.nextCounter()
    const thresholds = steps.map((step) => forwardThresholds(schedule, step.t))
    const draw = (token: number) => {
      const item = Math.floor(token / numPixels)
      const class0 = context.classOf(clean.data, token)
      const at = { stream: streams[item]!, pixel: token % numPixels, counter }
      const range = process.rangeOf(at.pixel)
      const given = clean.data[token]! >>> 0
      if (given !== maskClass && isOutside(range, given)) counters[1]!++
      if (class0 === maskClass) return maskClass // the mask is absorbing
      return noised(class0, thresholds[item]!, at, range, maskClass)
    }
    return new CpuTensor(
      Uint32Array.from({ length: clean.size }, (_, token) => draw(token)),
      clean.shape,
    )
  }
}
