import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { softwareDevice } from '../support/launch_shapes'
import { checkSameDraws, countTokens } from '../support/statistics'

/**
 * Work that needs more than 65,535 workgroups is dispatched in two dimensions. Each batch item has its own seed, so that
 * the twin draws the last items alone; every workgroup of the last one is beyond the first dimension.
 */
const options = { num_vec_classes: 3 }
const N = 65_536
const seeds = (B: number) => Array.from({ length: B }, (_, item) => item + 1)

/** The tokens of the last items of [B, N]. */
async function lastItems(tokens: GpuTensor, count: number): Promise<Uint32Array> {
  const [B = 0] = tokens.shape
  return Uint32Array.from(await tokens.slice(B - count, B).read())
}

describe('more than 65,535 workgroups', async () => {
  const device = await requestDevice()
  const twin = await CpuScheduler.create(options)

  // For software adapters a workgroup has 16 tokens, for GPUs 64. The index of a workgroup is computed by the same code.
  const software = await softwareDevice()
  gpuTest(software, 'of a step: the tokens of the last items are the twin’s', async () => {
    const scheduler = await VQDiffusionScheduler.create(software, options)
    const B = 17
    const logits = new Float32Array(B * N * 2)
    const sample = scheduler.initialSample([B, N], { start: 'mask' })
    const { prevSample } = scheduler.step(GpuTensor.from(software, logits, [B, N, 2]), 99, sample, {
      generator: new RandomGenerator(seeds(B)),
      layout: 'pixel-major',
      previousTimestep: -1,
    })
    const want = twin.step(
      new CpuTensor(logits.slice(0, 4 * N), [2, N, 2]),
      99,
      twin.initialSample([2, N], { start: 'mask' }),
      { generator: new RandomGenerator(seeds(B).slice(-2)), layout: 'pixel-major', previousTimestep: -1 },
    )
    checkSameDraws('the last items', await lastItems(prevSample, 2), want.prevSample.data)
    // Every token is drawn, each of the two classes as often as the other.
    const counts = countTokens(await prevSample.read(), 2)
    expect(Math.abs(counts[0]! - counts[1]!)).toBeLessThan(6 * Math.sqrt(B * N))
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
  })

  gpuTest(
    device,
    'of a kernel with an invocation for each token: the tokens of the last items are the twin’s',
    async () => {
      const scheduler = await VQDiffusionScheduler.create(device, options)
      const B = 65
      const sample = scheduler.initialSample([B, N], { generator: new RandomGenerator(seeds(B)) })
      const want = twin.initialSample([2, N], { generator: new RandomGenerator(seeds(B).slice(-2)) })
      expect(await lastItems(sample, 2)).toEqual(want.data)
    },
  )
})
