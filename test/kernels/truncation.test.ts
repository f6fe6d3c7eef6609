import { describe, expect, it } from 'vitest'
import { GpuTensor, OptionError, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { pair, pseudoLogits, pseudoTokens } from '../support/inputs'

const device = await requestDevice()

/**
 * The truncated draw of the GPU against the twin, which sorts the classes, excludes those beyond the rate and takes the
 * argmax of the same noise. The tokens are the same, so the law is the twin's, which laws/truncation.node.test.ts tests.
 */
describe.each([2, 8, 38, 257, 4097])('with %i classes', async (C) => {
  const [K, N] = [C - 1, 24]
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: C })
  const twin = await CpuScheduler.create({ num_vec_classes: C })
  const sample = pair(device, pseudoTokens(2 * N, K, 0.5, C), [2, N])
  const distinct = pseudoLogits(4 * N * K, C, 12)
  const kinds = { distinct, 'full of ties': distinct.map((logit) => Math.round(logit / 2)) }

  for (const [kind, data] of Object.entries(kinds)) {
    const inputs = [undefined, { scale: 2.5 }].map((guidance) => {
      const shape = [guidance ? 4 : 2, N, K]
      return {
        guidance,
        logits: pair(
          device,
          data.slice(
            0,
            shape.reduce((a, b) => a * b),
          ),
          shape,
        ),
      }
    })

    /** Compares the tokens of a rate, plain and guided, in a step that settles tokens and in the last step; gives them. */
    async function drawAt(truncationRate: number): Promise<ArrayLike<number>[]> {
      const drawn: ArrayLike<number>[] = []
      for (const previousTimestep of [20, -1])
        for (const { guidance, logits } of inputs) {
          const options = () => ({
            layout: 'pixel-major' as const,
            previousTimestep,
            truncationRate,
            generator: new RandomGenerator(C),
            ...(guidance && { guidance }),
          })
          const { prevSample } = scheduler.step(logits.gpu, 40, sample.gpu, options())
          const tokens = await prevSample.read()
          expect(tokens).toEqual(twin.step(logits.twin, 40, sample.twin, options()).prevSample.data)
          drawn.push(tokens)
        }
      return drawn
    }

    for (const truncationRate of [0, 0.3, 0.86, 0.999])
      gpuTest(device, `rate ${truncationRate}, logits ${kind}: the twin's tokens, plain and guided`, async () => {
        await drawAt(truncationRate)
      })

    // The host uploads 0 for a rate below 0 (parameters.test.ts), so one number of classes is enough.
    if (C === 38)
      gpuTest(device, `rates below 0, logits ${kind}: the twin's tokens and those of rate 0`, async () => {
        const greedy = await drawAt(0)
        expect(await drawAt(-1)).toEqual(greedy)
        expect(await drawAt(-Infinity)).toEqual(greedy)
      })
  }
})

it('of NaN, or with supplied noise, is refused', async () => {
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 3 })
  const sample = scheduler.emptyTokens([1, 1])
  const logits = GpuTensor.from(device, new Float32Array(2), [1, 2, 1])
  const noise = GpuTensor.from(device, new Float32Array(3), [1, 3, 1])
  const generator = new RandomGenerator(1)
  expect(() => scheduler.step(logits, 5, sample, { generator, truncationRate: Number.NaN })).toThrow(OptionError)
  expect(() => scheduler.step(logits, 5, sample, { noise, truncationRate: 0.5 })).toThrow(OptionError)
})

gpuTest(device, 'keeps a class only if strictly less than the rate is ranked before it', async () => {
  // Masses of equal logits are exact: at rate 0.5 the third of four classes has half of the mass before it.
  const N = 256
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 5 })
  const sample = scheduler.initialSample([1, N], { start: 'mask' })
  const logits = GpuTensor.from(device, new Float32Array(4 * N), [1, 4, N])
  const options = { generator: new RandomGenerator(1), truncationRate: 0.5, previousTimestep: -1 }
  const { prevSample } = scheduler.step(logits, 5, sample, options)
  expect(new Set(await prevSample.read())).toEqual(new Set([0, 1]))
})
