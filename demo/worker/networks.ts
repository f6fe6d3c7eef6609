import type { DenoiserInput, Layout, TensorOf } from 'vq-diffusion-webgpu'
import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import type { ImageFormat, OnnxConditioning, OnnxImage, Scheduler } from 'vq-diffusion-webgpu/onnx'
import type { DrawingCondition, Tokens } from './protocol'

/** The networks of a model, and what an engine needs to know of them. */
export interface Networks {
  denoiser(input: DenoiserInput<TensorOf<Scheduler>, OnnxConditioning | undefined>): Promise<TensorOf<Scheduler>>
  decoder(tokens: TensorOf<Scheduler>): Promise<OnnxImage>
  /** The device that they run on; undefined on WebAssembly. */
  readonly device: GPUDevice | undefined
  readonly numLatentPixels: number
  /** Of the logits; undefined if their shape tells it. */
  readonly layout: Layout | undefined
  readonly imageFormat: ImageFormat
  /** What the denoiser is conditioned on: for each picture, or for all of them. */
  conditioning(condition: DrawingCondition): Promise<OnnxConditioning | undefined>
  /**
   * The time, of `performance.now()`, at which the next run starts. Runs are queued because onnxruntime-web is not reentrant,
   * so a run may start later than it is requested.
   */
  startTime(): Promise<number>
}

/** Joins the tokens of several pictures to one batch, u32 [B, N]. */
export function toBatch(pictures: readonly (Tokens | Uint8Array)[]): CpuTensor<Uint32Array> {
  const size = pictures[0]!.length
  const joined = new Uint32Array(pictures.length * size)
  for (const [item, picture] of pictures.entries()) joined.set(picture, item * size)
  return new CpuTensor(joined, [pictures.length, size])
}
