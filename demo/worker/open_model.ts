import type { DownloadProgress, ImageFormat, OnnxEncoder } from 'vq-diffusion-webgpu/onnx'
import type { Model } from '../model/model'
import type { Engine } from './engine'

/** A model whose files are there. */
export interface OpenModel {
  readonly model: Model
  /** SHA-256 of its denoiser, in hexadecimal. */
  readonly hash: string
  readonly imageFormat: ImageFormat
  /** A new engine; the one before is not used any more. */
  openEngine(device: GPUDevice | undefined): Promise<Engine>
  /** What it does not see of a prompt, as a sentence; empty if it sees all. */
  remark(prompt: string): string
  /** From pictures to tokens. Loads it at the first call, with its progress if that is known. */
  encoder(onProgress: (progress: DownloadProgress) => void): Promise<OnnxEncoder>
}
