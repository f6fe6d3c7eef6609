import fc from 'fast-check'
import { VQDiffusionPipeline, WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { vocabulary } from '../support/tiny_model'
import type { Sizes } from './arbitraries'
import { inRange } from './contents'
import type { Ranges } from './descriptions'
import type { FuzzEngine, FuzzScheduler, FuzzTensor, MadeTensor } from './engines'

/** The pipeline from prompts to pictures, with networks that are functions. */

/** Latent pixels of 2 × 2 image pixels each. */
const gridOf = (ranges: Ranges | undefined) => (ranges ? ([1, ranges.length] as const) : ([2, 3] as const))

const tokenizer = new WordTokenizer({
  type: 'word',
  max_length: 6,
  pad_id: 0,
  styles: ['flat', 'round'],
  vocab: vocabulary,
})

/** Draws pictures; the logits depend on the prompt and the timestep. */
export async function drawPictures(
  engine: FuzzEngine,
  scheduler: FuzzScheduler,
  parameters: readonly unknown[],
  nudge: number,
): Promise<unknown> {
  const made: MadeTensor[] = []
  const K = scheduler.numCodes!
  const latentShape = gridOf(scheduler.config!.class_range)
  const [rows, columns] = latentShape
  const imageShape = [2 * rows, 2 * columns] as const
  type Text = { readonly text: Int32Array }
  type Input = {
    sample: FuzzTensor
    timestep: number
    guided: boolean
    conditioning: { conditional: Text; unconditional: Text }
  }
  const pipe = new VQDiffusionPipeline({
    scheduler: scheduler as never,
    denoiser: (({ sample, timestep, guided, conditioning }: Input) => {
      const [B = 1, N = 1] = sample.shape
      const seed = timestep + conditioning.conditional.text.reduce((a, b) => a + b, 0)
      const logits = { $: 'tensor', dtype: 'f32', shape: [guided ? 2 * B : B, N, K] } as const
      made.push(engine.make({ ...logits, content: { logits: seed, scale: 8, odd: 'none' } }, nudge))
      return made.at(-1)!.given
    }) as never,
    decoder: (async (tokens: FuzzTensor) => {
      const [B = 1] = tokens.shape
      const codes = await tokens.read()
      const [height, width] = imageShape
      const data = Float32Array.from({ length: B * 3 * height * width }, (_, i) => codes[i % codes.length]! / K)
      return { data, shape: [B, 3, height, width] }
    }) as never,
    latentShape,
    imageShape,
    // Of as many latent pixels as there are codes, no shape tells the layout.
    ...(rows * columns === K && { layout: 'pixel-major' }),
    tokenizer,
    defaults: { numInferenceSteps: 2, guidanceScale: 2 },
  })
  try {
    return await (pipe as unknown as (...parameters: readonly unknown[]) => Promise<unknown>)(...parameters)
  } finally {
    for (const tensor of made) tensor.destroy()
  }
}

/** Whether a call gives a seed, without which every call draws other pictures. */
export function hasSeed([, options]: readonly unknown[]): boolean {
  const { seed } = (options ?? {}) as { seed?: { value?: string } }
  return seed !== undefined && seed?.value !== 'undefined'
}

/** Valid parameters of a call. */
export function pictureParameters({ K, T, ranges }: Sizes): fc.Arbitrary<readonly unknown[]> {
  const prompt = fc.constantFrom('', 'red heart', 'green star word3', 'nothing known')
  const [rows, columns] = gridOf(ranges)
  const N = rows * columns
  const tokens = Array.from({ length: N }, (_, i) => inRange(i % K, ranges?.[i]))
  const masks = [N, 4 * N].map((length) => Array.from({ length }, (_, i) => i % 2))
  const options = fc
    .record(
      {
        numImagesPerPrompt: fc.constantFrom(1, 2),
        negativePrompt: prompt,
        style: fc.constantFrom('flat', 'round'),
        guidanceScale: fc.constantFrom(0, 1, 3),
        guidanceInterval: fc.constantFrom([0, T - 1], [0, 0], [T - 1, T - 1]),
        truncationRate: fc.constantFrom(0.5, 1),
        numInferenceSteps: fc.integer({ min: 1, max: Math.min(4, T) }),
        spacing: fc.constantFrom('strided', 'leading'),
        image: fc.constantFrom(tokens, [tokens]),
        known: fc.constantFrom(...masks.map((mask) => ({ image: tokens, mask }))),
        method: fc.constantFrom('posterior', 'purity', 'fast'),
        tokensPerCall: fc.constantFrom(1, 2, 5),
        previewEvery: fc.constantFrom(0, 1),
      },
      { requiredKeys: [] },
    )
    .map(({ tokensPerCall, known, truncationRate, ...options }) => ({
      ...options,
      ...('image' in options && { strength: 1 }),
      ...(options.method === 'purity'
        ? tokensPerCall !== undefined && { tokensPerCall }
        : { ...(known && { known }), ...(truncationRate !== undefined && { truncationRate }) }),
    }))
  return fc
    .tuple(fc.oneof(prompt, fc.array(prompt, { minLength: 1, maxLength: 2 })), options, fc.nat(1000))
    .map(([prompt, options, seed]) => [prompt, { ...options, seed }])
}
