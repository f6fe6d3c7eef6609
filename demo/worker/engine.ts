import {
  type ChainPosition,
  type ChainScheduler,
  type ChainTensor,
  type Decoder,
  type Denoiser,
  type Expectation,
  type ExpectationOptions,
  type RandomGeneratorState,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
  type VQDiffusionSchedulerConfig,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxConditioning, OnnxImage } from 'vq-diffusion-webgpu/onnx'
import { type Networks, toBatch } from './networks'
import { type DrawingOptions, NUM_LATENT_PIXELS, type SamplerSettings, type Tokens } from './protocol'

/** Layout of the denoiser's logits. */
const layout = 'pixel-major'

/** Results of one step. The tensors are valid until the next step is requested. */
export interface Step {
  /** Number of steps done: 1, 2, … */
  step: number
  /** The timestep of the tokens after the step, −1 when clean. */
  timestep: number
  sample: ChainTensor
  /** Only with live preview. */
  predOriginalSample: ChainTensor | undefined
  /** Only with live preview, and not with 'purity'; like `counts`. */
  entropy: ChainTensor | undefined
  /** [tokens changed, columns read]. */
  counts: ChainTensor | undefined
  random: RandomGeneratorState
  preview: Promise<Decoded> | undefined
  /** Resolves when the step has run. */
  milliseconds: Promise<{ network: number; engine: number }>
}

export interface Decoded {
  /** f32 [B, 4, 128, 128], planar and premultiplied. */
  pixels: Float32Array
  milliseconds: number
}

/** A scheduler with its networks, on one device or on the CPU. */
export interface Engine {
  readonly device: GPUDevice | undefined
  /** Compiles the scheduler's shaders for these options. */
  prepare(drawing: DrawingOptions): Promise<void>
  /** The timesteps that the drawing visits. */
  timesteps(drawing: DrawingOptions): readonly number[]
  /** The position before the first step. */
  start(drawing: DrawingOptions): Promise<ChainPosition>
  /** Draws from a position to the end. Throws the signal's reason. */
  steps(drawing: DrawingOptions, from: ChainPosition, signal: AbortSignal): AsyncGenerator<Step, void, void>
  decode(tokens: Tokens[]): Promise<Decoded>
  destroy(): void
}

/** Creates an engine on the device; without one, on the CPU. */
export async function createEngine(
  config: VQDiffusionSchedulerConfig,
  device: GPUDevice | undefined,
  networks: Networks,
): Promise<Engine> {
  return device
    ? engineOf(await VQDiffusionScheduler.create(device, config), device, networks, networks)
    : engineOf(await CpuScheduler.create(config), device, networks, networks)
}

/** The library's options for the timesteps of a drawing. */
export function timestepOptions({ steps, spacing, method }: SamplerSettings) {
  return { numInferenceSteps: steps, spacing: spacing === 'exact' ? 'strided' : spacing, method } as const
}

interface Scheduler<Tensor extends ChainTensor> extends ChainScheduler<Tensor> {
  expectation(options: ExpectationOptions): Expectation
  destroy(): void
}

/** The networks are passed twice, because `Networks` is not generic in the type of tensors. */
function engineOf<Tensor extends ChainTensor>(
  scheduler: Scheduler<Tensor>,
  device: GPUDevice | undefined,
  networks: Networks,
  {
    denoiser,
    decoder,
  }: { denoiser: Denoiser<NoInfer<Tensor>, OnnxConditioning>; decoder: Decoder<NoInfer<Tensor>, OnnxImage> },
): Engine {
  /** Start and end of the last run of the denoiser. */
  let denoiserRun = { start: Promise.resolve(0), end: Promise.resolve(0) }
  const pipeline = new VQDiffusionPipeline<Tensor, OnnxConditioning, Decoded>({
    scheduler,
    layout,
    async denoiser(input) {
      const start = networks.startTime()
      const logits = await denoiser(input)
      denoiserRun = { start, end: timeAfter(networks.device?.queue.onSubmittedWorkDone()) }
      return logits
    },
    decoder: (tokens) => timed(() => decoder(tokens)),
  })

  async function timed(decode: () => Promise<OnnxImage>): Promise<Decoded> {
    const start = networks.startTime()
    const { data } = await decode()
    return { pixels: data, milliseconds: performance.now() - (await start) }
  }

  function upload(pictures: readonly (Tokens | Uint8Array)[]): Tensor {
    return scheduler.uploadTokens(toBatch(pictures).data, [pictures.length, NUM_LATENT_PIXELS])
  }

  function timestepsOf(drawing: DrawingOptions): readonly number[] {
    const { image } = drawing
    return scheduler.expectation({ ...timestepOptions(drawing), ...(image && { strength: image.strength }) }).timesteps
  }

  return {
    device,
    prepare: ({ guidance, truncation }) =>
      scheduler.prepare({
        layout,
        truncationRate: truncation,
        ...(guidance !== 1 && { guidance: { scale: guidance } }),
      }),
    timesteps: timestepsOf,
    async start(drawing) {
      const { seeds, image } = drawing
      const tokens = image && upload(image.tokens)
      try {
        return await pipeline.start({
          ...timestepOptions(drawing),
          ...(image && tokens && { image: { tokens, strength: image.strength } }),
          batchSize: seeds.length,
          numLatentPixels: NUM_LATENT_PIXELS,
          seed: seeds,
          conditioning: conditioningOf(drawing),
        })
      } finally {
        tokens?.destroy()
      }
    },
    async *steps(drawing, from, signal) {
      const { guidance, truncation, method, priorWeight, livePreview } = drawing
      const timesteps = timestepsOf(drawing)
      if (from.step === timesteps.length) return
      const known = drawing.known && { tokens: upload(drawing.known.tokens), mask: upload(drawing.known.keep) }
      let result: Tensor | undefined
      let finished = Promise.resolve(0)
      try {
        const items = pipeline.sample({
          timesteps,
          resume: from,
          numLatentPixels: NUM_LATENT_PIXELS,
          conditioning: conditioningOf(drawing),
          signal,
          method,
          // 'purity' does not support truncation.
          ...(method === 'purity' ? { priorWeight } : { truncationRate: truncation }),
          ...(known && { known }),
          guidanceScale: guidance,
          previewEvery: livePreview ? 'auto' : 0,
          predOriginalSample: livePreview,
          diagnostics: livePreview && method === 'posterior',
        })
        for await (const { step, sample, random, predOriginalSample, diagnostics, preview } of items) {
          const previous = finished
          finished = timeAfter(scheduler.finished())
          if (step === timesteps.length - 1) result = sample
          yield {
            step: step + 1,
            timestep: timesteps[step + 1] ?? -1,
            sample,
            predOriginalSample,
            entropy: diagnostics?.entropy,
            counts: diagnostics?.counts,
            random,
            preview,
            milliseconds: splitTime(previous, denoiserRun, finished),
          }
        }
      } finally {
        known?.tokens.destroy()
        known?.mask.destroy()
        result?.destroy()
      }
    },
    decode: (tokens) => timed(() => networks.decoder(toBatch(tokens))),
    destroy: () => scheduler.destroy(),
  }
}

function conditioningOf({ text }: DrawingOptions): OnnxConditioning {
  return { conditional: { text }, unconditional: { text: new Int32Array(text.length) } }
}

/** The time when the work has settled. */
function timeAfter(work: Promise<unknown> | undefined): Promise<number> {
  const time = () => performance.now()
  return work ? work.then(time, time) : Promise.resolve(time())
}

/** Splits the time of a step. On the GPU, the denoiser is enqueued before the previous step ends, and starts after it. */
async function splitTime(
  previousStepEnd: Promise<number>,
  denoiserRun: { start: Promise<number>; end: Promise<number> },
  stepEnd: Promise<number>,
): Promise<{ network: number; engine: number }> {
  const start = Math.max(await previousStepEnd, await denoiserRun.start)
  const end = await denoiserRun.end
  return { network: Math.max(0, end - start), engine: Math.max(0, (await stepEnd) - end) }
}
