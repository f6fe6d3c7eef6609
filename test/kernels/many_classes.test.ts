import { describe, expect } from 'vitest'
import { type GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import type { PixelStream } from '../../src/cpu/draw'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from '../../src/cpu/random'
import { gpuTest } from '../support/gpu'
import { pair, pseudoLogits } from '../support/inputs'
import { columnsShape, layouts } from '../support/layouts'

const device = await requestDevice()

/** The guided logit of a class plus its Gumbel noise, in float64. */
function noisedScore(
  data: Float32Array,
  B: number,
  N: number,
  K: number,
  token: number,
  k: number,
  at: PixelStream,
): number {
  const unconditional = data[token * K + k]!
  const conditional = data[(B * N + token) * K + k]!
  const key = pixelKey(at.stream, at.pixel, at.counter, Purpose.x0)
  const group = Math.floor(k / 4)
  const noise = exponential(classWords(key, group)[k % 4]!, () => classTailWords(key, group)[k % 4]!)
  return unconditional + 2.5 * (conditional - unconditional) - Math.log(noise)
}

describe('a whole chain of 4097 classes', () => {
  gpuTest(device, 'agrees with the twin in at least 99.9 % of the tokens, and differs in near ties only', async () => {
    const [B, N, K] = [2, 256, 4096]
    const options = { num_vec_classes: K + 1, gamma_cum_end: 0.9 }
    const [scheduler, twin] = [await VQDiffusionScheduler.create(device, options), await CpuScheduler.create(options)]
    scheduler.setTimesteps(4)
    twin.setTimesteps(4)
    const data = pseudoLogits(2 * B * N * K, 1, 30)
    const modelOutput = pair(device, data, [2 * B, N, K])
    const rule = { layout: 'pixel-major', guidance: { scale: 2.5 }, truncationRate: 0.86 } as const
    const [generator, twinGenerator] = [new RandomGenerator(11), new RandomGenerator(11)]
    let sample: GpuTensor = scheduler.initialSample([B, N], { generator })
    let tokens = await sample.read()
    expect(tokens).toEqual(twin.initialSample([B, N], { generator: twinGenerator }).data)
    let differing = 0
    const margins: number[] = []
    for (const t of scheduler.timesteps) {
      sample = scheduler.step(modelOutput.gpu, t, sample, { ...rule, generator }).prevSample
      // Every step starts from the GPU's own tokens, so that a near tie has no consequences.
      const twinSample = new CpuTensor(Uint32Array.from(tokens), [B, N])
      const want = twin.step(modelOutput.twin, t, twinSample, { ...rule, generator: twinGenerator }).prevSample
      tokens = await sample.read()
      for (const [i, token] of tokens.entries()) {
        if (token === want.data[i]) continue
        differing++
        const at = {
          stream: generator.streams(B)[Math.floor(i / N)]!,
          pixel: i % N,
          counter: generator.state.counter - 1,
        }
        margins.push(
          Math.abs(noisedScore(data, B, N, K, i, token, at) - noisedScore(data, B, N, K, i, want.data[i]!, at)),
        )
      }
    }
    // The error of a float32 score of this size is about 1e-5. Where the engines differ, two scores are that close.
    expect(margins.filter((margin) => !(margin < 1e-3))).toEqual([])
    expect(differing).toBeLessThanOrEqual(0.001 * B * N * scheduler.timesteps.length)
  })
})

describe('steps of 65,537 classes', () => {
  gpuTest(device, 'draw the twin’s tokens in both layouts', async () => {
    const [N, K] = [3, 65_537]
    const options = { num_vec_classes: K + 1 }
    const [scheduler, twin] = [await VQDiffusionScheduler.create(device, options), await CpuScheduler.create(options)]
    for (const layout of layouts) {
      const logits = pair(device, pseudoLogits(K * N, 2, 30), columnsShape(layout, [1, K, N]))
      const unconditional = pair(device, pseudoLogits(K * N, 3, 30), columnsShape(layout, [1, K, N]))
      const rule = { layout, truncationRate: 0.86, previousTimestep: -1 }
      const [got, want] = [
        scheduler.step(logits.gpu, 99, scheduler.initialSample([1, N], { start: 'mask' }), {
          ...rule,
          guidance: { scale: 1.5, unconditional: unconditional.gpu },
          generator: new RandomGenerator(4),
        }),
        twin.step(logits.twin, 99, twin.initialSample([1, N], { start: 'mask' }), {
          ...rule,
          guidance: { scale: 1.5, unconditional: unconditional.twin },
          generator: new RandomGenerator(4),
        }),
      ]
      expect(await got.prevSample.read()).toEqual(want.prevSample.data)
      expect(Math.max(...want.prevSample.data)).toBeGreaterThan(1000)
    }
  })
})
