import { describe, expect, it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import type { ChainPosition, Denoiser, SampleOptions } from './options'
import { VQDiffusionPipeline } from './pipeline'

/** Three kinds of tokens, as the labels, places and sizes of a layout: each kind has classes of its own. */
const kinds = [
  [0, 4],
  [5, 12],
  [5, 12],
  [13, 13],
] as const
const [K, N, T] = [14, 12, 20]
const class_range = Array.from({ length: N }, (_, n) => kinds[n % kinds.length]!)
const schedule = { num_train_timesteps: T, alpha_cum_end: 0.1, gamma_cum_end: 0.6 }
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, ...schedule, class_range })

const denoiser: Denoiser<CpuTensor, null> = ({ sample, timestep }) => {
  const data = Float32Array.from({ length: sample.size * K }, (_, i) => 4 * Math.sin(i * 12.9 + timestep))
  return new CpuTensor(data, [...sample.shape, K])
}
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const image = new CpuTensor(
  Uint32Array.from({ length: 2 * N }, (_, i) => class_range[i % N]![0]),
  [2, N],
)
const mask = new CpuTensor(
  Uint32Array.from({ length: 2 * N }, (_, i) => i % 2),
  [2, N],
)

const chains: [string, Partial<SampleOptions<null, CpuTensor>>][] = [
  ['from noise', { numLatentPixels: N, batchSize: 2 }],
  ['from masks', { numLatentPixels: N, batchSize: 2, spacing: 'leading', truncationRate: 0.8 }],
  ['from an image', { image: { tokens: image, strength: 0.7 } }],
  ['with known tokens', { numLatentPixels: N, batchSize: 2, known: { tokens: image, mask } }],
  ['by purity', { numLatentPixels: N, batchSize: 2, method: 'purity', tokensPerCall: 2 }],
  ['by fast sampling', { numLatentPixels: N, batchSize: 2, method: 'fast' }],
]

describe.each(chains)('a chain of tokens with ranges of classes %s', (_, options) => {
  const given = { numInferenceSteps: 6, seed: 5, conditioning: null, ...options } as SampleOptions<null, CpuTensor>

  it('has masks and classes of each range only, clean ones at the end, and resumes', async () => {
    const positions: ChainPosition[] = [await pipeline.start(given)]
    for await (const { step, sample, random } of pipeline.sample(given))
      positions.push({ step: step + 1, tokens: [...sample.data], random })
    for (const { tokens } of positions)
      for (const [i, token] of Array.from(tokens).entries()) {
        const [first, last] = class_range[i % N]!
        expect(token === K || (token >= first && token <= last), `${token} at ${i}`).toBe(true)
      }
    const end = positions.at(-1)!.tokens
    expect(Math.max(...Array.from(end))).toBeLessThan(K)
    const resumed = await pipeline.generate({ ...given, resume: positions[2]! })
    expect([...resumed.data]).toEqual(end)
  })
})

it('the expectation is the mean of the processes of the pixels', async () => {
  const sizes = class_range.map(([first, last]) => last - first + 1)
  const own = await Promise.all(
    sizes.map((size) => VQDiffusionScheduler.create({ num_vec_classes: size + 1, ...schedule })),
  )
  for (const options of [{}, { method: 'fast' as const }, { strength: 0.5, method: 'purity' as const }]) {
    const list = { numInferenceSteps: 5, ...options }
    const got = scheduler.expectation(list)
    for (const shares of ['masked', 'changed'] as const)
      for (const [i, share] of got[shares].entries()) {
        const mean = own.reduce((sum, each) => sum + each.expectation(list)[shares][i]!, 0) / N
        expect(share).toBeCloseTo(mean, 12)
      }
  }
})
