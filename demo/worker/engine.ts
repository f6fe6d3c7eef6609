import {
  type ChainPosition,
  type ChainTensor,
  type DenoiserInput,
  type RandomGeneratorState,
  type TensorOf,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
  type VQDiffusionSchedulerConfig,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import { type OnnxConditioning, type Scheduler, toImageData } from 'vq-diffusion-webgpu/onnx'
import { type Networks, toBatch } from './networks'
import type { DrawingOptions, SamplerSettings, Tokens } from './protocol'
import { maskTokens, SURENESS_TIMESTEP, sureness } from './sureness'

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
  milliseconds: number
  /** Its pixels, which are not counted in the time of the decoder: previews would be fewer. */
  toImages(): ImageData[]
}

/** A scheduler with its networks, on one device or on the CPU. */
export interface Engine {
  readonly device: GPUDevice | undefined
  /** The timesteps that the drawing visits. */
  timesteps(drawing: DrawingOptions): readonly number[]
  /** The position before the first step. */
  start(drawing: DrawingOptions): Promise<ChainPosition>
  /** Draws from a position to the end. Throws the signal's reason. */
  steps(drawing: DrawingOptions, from: ChainPosition, signal: AbortSignal): AsyncGenerator<Step, void, void>
  decode(tokens: Tokens[]): Promise<Decoded>
  /** The `sureness` of a finished picture. */
  score(tokens: Tokens, text: Int32Array): Promise<number>
  destroy(): void
}

/** Creates an engine on the device; without one, on the CPU. */
export async function createEngine(
  config: VQDiffusionSchedulerConfig,
  device: GPUDevice | undefined,
  networks: Networks,
): Promise<Engine> {
  const scheduler = device ? await VQDiffusionScheduler.create(device, config) : await CpuScheduler.create(config)
  return engineOf(scheduler, device, networks)
}

/** The library's options for the timesteps of a drawing. */
export function timestepOptions({ steps, spacing, method }: SamplerSettings) {
  return { numInferenceSteps: steps, spacing: spacing === 'exact' ? 'strided' : spacing, method } as const
}

/** An engine of a scheduler, on the device if it runs there. */
export function engineOf(scheduler: Scheduler, device: GPUDevice | undefined, networks: Networks): Engine {
  const { denoiser, decoder, numLatentPixels, layout, imageFormat } = networks
  /** Start and end of the last run of the denoiser. */
  let denoiserRun = { start: Promise.resolve(0), end: Promise.resolve(0) }
  const pipeline = new VQDiffusionPipeline({
    scheduler,
    async denoiser(input: DenoiserInput<TensorOf<Scheduler>, OnnxConditioning | undefined>) {
      const start = networks.startTime()
      const logits = await denoiser(input)
      denoiserRun = { start, end: timeAfter(networks.device?.queue.onSubmittedWorkDone()) }
      return logits
    },
    decoder: decode,
    ...(layout && { layout }),
  })

  async function decode(tokens: TensorOf<Scheduler>): Promise<Decoded> {
    const start = networks.startTime()
    const image = await decoder(tokens)
    return { milliseconds: performance.now() - (await start), toImages: () => toImageData(image, imageFormat) }
  }

  function upload(pictures: readonly (Tokens | Uint8Array)[]) {
    return scheduler.uploadTokens(toBatch(pictures).data, [pictures.length, numLatentPixels])
  }

  function timestepsOf(drawing: DrawingOptions): readonly number[] {
    const { image, from, atOnce } = drawing
    const strength = image && { strength: image.strength }
    const { timesteps } = scheduler.expectation({ ...timestepOptions(drawing), ...strength })
    // The last step of a list leads to clean tokens.
    return from && atOnce ? timesteps.slice(0, from.step + 1) : timesteps
  }

  return {
    device,
    timesteps: timestepsOf,
    async start(drawing) {
      const { seeds, image } = drawing
      const tokens = image && upload(image.tokens)
      try {
        return await pipeline.start({
          ...timestepOptions(drawing),
          ...(image && tokens && { image: { tokens, strength: image.strength } }),
          batchSize: seeds.length,
          numLatentPixels,
          seed: seeds,
          conditioning: await networks.conditioning(drawing),
        })
      } finally {
        tokens?.destroy()
      }
    },
    async *steps(drawing, from, signal) {
      const { guidance, guidedFrom, guidedTo, truncation, method, priorWeight, livePreview } = drawing
      const timesteps = timestepsOf(drawing)
      if (from.step === timesteps.length) return
      const known = drawing.known && { tokens: upload(drawing.known.tokens), mask: upload(drawing.known.keep) }
      let result: ChainTensor | undefined
      let finished = Promise.resolve(0)
      try {
        const items = pipeline.sample({
          timesteps,
          resume: from,
          numLatentPixels,
          conditioning: await networks.conditioning(drawing),
          signal,
          method,
          // 'purity' does not support truncation.
          ...(method === 'purity' ? { priorWeight } : { truncationRate: truncation }),
          ...(known && { known }),
          guidanceScale: guidance,
          guidanceInterval: [guidedFrom, guidedTo],
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
    decode: (tokens) => decode(toBatch(tokens)),
    async score(tokens, text) {
      const sample = upload([maskTokens(tokens, scheduler.maskClass)])
      try {
        const logits = await denoiser({
          sample,
          timestep: SURENESS_TIMESTEP,
          guided: false,
          signal: undefined,
          conditioning: { conditional: { text } },
        })
        return sureness(Float32Array.from(await logits.read()), tokens)
      } finally {
        sample.destroy()
      }
    },
    destroy: () => scheduler.destroy(),
  }
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
