import {
  type ChainScheduler,
  type ChainTensor,
  type Decoder,
  type Denoiser,
  RandomGenerator,
  type RandomGeneratorState,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
  type VQDiffusionSchedulerConfig,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxConditioning, OnnxImage } from 'vq-diffusion-webgpu/onnx'
import { type Networks, toBatch } from './networks'
import { startOf, type Timetable, timestepsOf } from './plan'
import { type DrawingOptions, NUM_LATENT_PIXELS, type Tokens } from './protocol'

/** Of the denoiser's logits. */
const layout = 'pixel-major'

/** Where a drawing stands: all that is needed to go on with it, on any device. */
export interface Position {
  /** Steps done. */
  step: number
  /** u32 [B·256]. */
  tokens: ArrayLike<number>
  random: RandomGeneratorState
}

/** What a step has given. The tensors are valid until the next step is asked for. */
export interface Step {
  /** 1, 2, … */
  step: number
  /** The timestep that the tokens are at; −1 when clean. */
  timestep: number
  sample: ChainTensor
  /** These three where the drawing has live previews; the last two not with 'purity'. */
  predOriginalSample: ChainTensor | undefined
  entropy: ChainTensor | undefined
  /** [tokens changed, columns read] */
  counts: ChainTensor | undefined
  random: RandomGeneratorState
  preview: Promise<Decoded> | undefined
  /** Known when the step has run. */
  milliseconds: Promise<{ network: number; engine: number }>
}

/** Pixels f32 [B, 4, 128, 128], planar and premultiplied, and what decoding them took. */
export interface Decoded {
  pixels: Float32Array
  milliseconds: number
}

/** The scheduler with its networks. Lost as a whole with its device; `Position`s are not. */
export interface Engine {
  readonly device: GPUDevice | undefined
  /** Resolves when the scheduler needs no more compiling for steps of such a drawing. */
  prepare(drawing: DrawingOptions): Promise<void>
  /** Those that the drawing visits. */
  timesteps(drawing: DrawingOptions): number[]
  /** Where a drawing begins. */
  start(drawing: DrawingOptions): Promise<Position>
  /** Draws on from a position. Throws the signal's reason. */
  steps(drawing: DrawingOptions, from: Position, signal: AbortSignal): AsyncGenerator<Step, void, void>
  decode(tokens: Tokens[]): Promise<Decoded>
  destroy(): void
}

/** An engine on the device, or on the CPU without one. */
export async function createEngine(
  config: VQDiffusionSchedulerConfig,
  device: GPUDevice | undefined,
  networks: Networks,
): Promise<Engine> {
  return device
    ? engineOf(await VQDiffusionScheduler.create(device, config), device, networks, networks)
    : engineOf(await CpuScheduler.create(config), device, networks, networks)
}

/** What is asked of a scheduler here, besides what its pipeline asks of it. */
interface Scheduler<Tensor> extends Timetable {
  uploadTokens(tokens: ArrayLike<number>, shape: readonly [number, number]): NoInfer<Tensor>
  destroy(): void
}

function engineOf<Tensor extends ChainTensor>(
  scheduler: ChainScheduler<Tensor> & Scheduler<Tensor>,
  device: GPUDevice | undefined,
  networks: Networks,
  {
    denoiser,
    decoder,
  }: { denoiser: Denoiser<NoInfer<Tensor>, OnnxConditioning>; decoder: Decoder<NoInfer<Tensor>, OnnxImage> },
): Engine {
  async function timed(decode: () => Promise<OnnxImage>): Promise<Decoded> {
    const begun = networks.startTime()
    const { data } = await decode()
    return { pixels: data, milliseconds: performance.now() - (await begun) }
  }
  /** When the network began with the last step, and when its logits were there. */
  let network = { begun: Promise.resolve(0), done: Promise.resolve(0) }
  const pipeline = new VQDiffusionPipeline<Tensor, OnnxConditioning, Decoded>({
    scheduler,
    layout,
    async denoiser(input) {
      const begun = networks.startTime()
      const logits = await denoiser(input)
      network = { begun, done: now(networks.device?.queue.onSubmittedWorkDone()) }
      return logits
    },
    decoder: (tokens) => timed(() => decoder(tokens)),
  })

  return {
    device,
    prepare: ({ guidance, truncation }) =>
      scheduler.prepare({
        layout,
        truncationRate: truncation,
        ...(guidance !== 1 && { guidance: { scale: guidance } }),
      }),
    timesteps: (drawing) => timestepsOf(scheduler, drawing, drawing.image?.strength),
    async start(drawing) {
      const { seeds, image } = drawing
      const generator = new RandomGenerator(seeds)
      const shape = [seeds.length, NUM_LATENT_PIXELS] as const
      const [first] = timestepsOf(scheduler, drawing, image?.strength)
      const picture = image && scheduler.uploadTokens(toBatch(image.tokens).data, shape)
      const start = !picture
        ? scheduler.initialSample(shape, { generator, start: startOf(drawing) })
        : first === undefined
          ? picture
          : scheduler.addNoise(picture, first, { generator })
      try {
        return { step: 0, tokens: await start.read(), random: generator.state }
      } finally {
        start.destroy()
        picture?.destroy()
      }
    },
    async *steps(drawing, from, signal) {
      const { text, seeds, guidance, truncation, known, livePreview, method } = drawing
      const shape = [seeds.length, NUM_LATENT_PIXELS] as const
      const all = timestepsOf(scheduler, drawing, drawing.image?.strength)
      const timesteps = all.slice(from.step)
      if (timesteps.length === 0) return
      const generator = RandomGenerator.fromState(from.random)
      const inputs = [scheduler.uploadTokens(from.tokens, shape)]
      if (known)
        inputs.push(...[known.tokens, known.keep].map((cells) => scheduler.uploadTokens(toBatch(cells).data, shape)))
      const [latents, knownTokens, mask] = inputs as [Tensor, Tensor?, Tensor?]
      let last: Tensor | undefined
      let finished = Promise.resolve(0)
      try {
        const items = pipeline.sample({
          ...{ timesteps, latents, generator, signal, method },
          ...(knownTokens && mask && { known: { tokens: knownTokens, mask } }),
          // 'purity' does not truncate.
          ...(method === 'purity' ? { priorWeight: drawing.priorWeight } : { truncationRate: truncation }),
          guidanceScale: guidance,
          conditioning: { conditional: { text }, unconditional: { text: new Int32Array(text.length) } },
          previewEvery: livePreview ? 'auto' : 0,
          predOriginalSample: livePreview,
          diagnostics: livePreview && method === 'posterior',
        })
        for await (const { step, sample, predOriginalSample, diagnostics, preview } of items) {
          const before = finished
          finished = now(scheduler.finished())
          if (step === timesteps.length - 1) last = sample
          yield {
            step: from.step + step + 1,
            timestep: timesteps[step + 1] ?? -1,
            ...{ sample, predOriginalSample, entropy: diagnostics?.entropy, counts: diagnostics?.counts },
            random: generator.state,
            preview,
            milliseconds: split(before, network, finished),
          }
        }
      } finally {
        for (const tensor of inputs) tensor.destroy()
        last?.destroy()
      }
    },
    decode: (tokens) => timed(() => networks.decoder(toBatch(tokens))),
    destroy: () => scheduler.destroy(),
  }
}

/** The time when the work is done, or has failed. */
function now(work: Promise<unknown> | undefined): Promise<number> {
  const time = () => performance.now()
  return work ? work.then(time, time) : Promise.resolve(time())
}

/** A network on the GPU is enqueued while the step before still runs: it begins when that is over. */
async function split(
  before: Promise<number>,
  network: { begun: Promise<number>; done: Promise<number> },
  finished: Promise<number>,
): Promise<{ network: number; engine: number }> {
  const begun = Math.max(await before, await network.begun)
  const done = await network.done
  return { network: Math.max(0, done - begun), engine: Math.max(0, (await finished) - done) }
}
