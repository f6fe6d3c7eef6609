import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import type { PixelStream } from '../src/cpu/draw'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from '../src/cpu/random'
import { gpuTest, pseudoLogits } from './gpu'

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
    scheduler.setTimesteps(8)
    twin.setTimesteps(8)
    const data = pseudoLogits(2 * B * N * K, 1, 30)
    const [modelOutput, twinOutput] = [GpuTensor.from(device, data, [2 * B, N, K]), new CpuTensor(data, [2 * B, N, K])]
    const rule = { layout: 'pixel-major', guidance: { scale: 2.5 }, truncationRate: 0.86 } as const
    const [generator, twinGenerator] = [new RandomGenerator(11), new RandomGenerator(11)]
    let sample: GpuTensor = scheduler.initialSample([B, N], { generator })
    let tokens = await sample.read()
    expect(tokens).toEqual(twin.initialSample([B, N], { generator: twinGenerator }).data)
    let differing = 0
    const margins: number[] = []
    for (const t of scheduler.timesteps) {
      sample = scheduler.step(modelOutput, t, sample, { ...rule, generator }).prevSample
      // Every step from the GPU's own tokens, so that one near tie does not spread.
      const twinSample = new CpuTensor(Uint32Array.from(tokens), [B, N])
      const want = twin.step(twinOutput, t, twinSample, { ...rule, generator: twinGenerator }).prevSample
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
    // A float32 score of this size is off by about 1e-5: where the engines differ, two scores are as close as that.
    expect(margins.filter((margin) => !(margin < 1e-3))).toEqual([])
    expect(differing).toBeLessThanOrEqual(0.001 * B * N * scheduler.timesteps.length)
  })
})

describe('more tokens than one dimension of workgroups holds', () => {
  const [B, N, K] = [65, 65_536, 2] // 4,259,840 tokens, 66,560 workgroups of one token an invocation
  for (const previousTimestep of [0, -1])
    gpuTest(device, `65,536 × 64 and more, to ${previousTimestep}: every token is drawn`, async () => {
      const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
      const modelOutput = GpuTensor.from(device, new Float32Array(B * N * K), [B, N, K])
      const start = scheduler.initialSample([B, N], { start: 'mask' })
      const { prevSample } = scheduler.step(modelOutput, 99, start, {
        ...{ generator: new RandomGenerator(1), layout: 'pixel-major', previousTimestep },
      })
      const tokens = await prevSample.read()
      const counts = [0, 0, 0]
      for (const token of tokens) counts[token]!++
      // At u = 0 a share of 9e-6 stays masked: 38 are expected, more than 90 come once in 1e12 runs.
      expect(counts[2]).toBeLessThan(previousTimestep === -1 ? 1 : 90)
      expect(Math.abs(counts[0]! - counts[1]!)).toBeLessThan(6 * Math.sqrt(B * N))
      expect(new Set(tokens.slice(-64)).size).toBeGreaterThan(1)
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
      for (const resource of [modelOutput, start, prevSample, scheduler]) resource.destroy()
    })

  gpuTest(device, '65,536 × 64 and more: every token of an initial sample is drawn', async () => {
    const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
    const noise = scheduler.initialSample([B, N], { generator: new RandomGenerator(2) })
    expect((await noise.read()).slice(-64).every((token) => token <= K)).toBe(true)
    for (const resource of [noise, scheduler]) resource.destroy()
  })
})
