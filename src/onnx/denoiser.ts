import { CpuTensor } from '../cpu/tensor'
import { dispose } from '../dispose'
import { DeviceMismatchError, ShapeError } from '../errors'
import type { DenoiserInput } from '../pipeline'
import { requireSample } from '../step_options'
import { GpuTensor } from '../tensor'
import { batchInput, batchParts, type OnnxConditioning, typeOf } from './conditioning'
import { type AnyTensor, createNetwork, type HostArray, type Network, type Signature } from './network'
import type { OnnxSession } from './session'
import { type AxisSizes, fitShape, resolveShape } from './shapes'

/** What the network gives for a sample: a tensor of the same engine. */
export type LogitsFor<Tensor extends AnyTensor> = Tensor extends GpuTensor ? GpuTensor<'f32'> : CpuTensor<Float32Array>

/** A pipeline's denoiser, for either scheduler. */
export interface OnnxDenoiser {
  <Tensor extends AnyTensor>(input: DenoiserInput<Tensor, OnnxConditioning>): Promise<LogitsFor<Tensor>>
  /** Frees the GPU buffers; the session stays. Idempotent. */
  destroy(): void
  [dispose](): void
}

/**
 * A denoiser that runs a transformer from an ONNX model.
 *
 * The model takes the sample as int32 [B, N], the timestep as int32 [B] and whatever else `conditioning` names; it gives
 * raw logits, float32 [B, N, K] or [B, K, N]. With the session and the scheduler on one GPUDevice the sample and the logits never leave it:
 * all buffers are made at a picture's first step, and the logits are the same tensor at every step, valid until the
 * next. Otherwise they are copied, and the logits of a GPU sample uploaded.
 *
 * @throws OptionError, DtypeError if the model has no such inputs and output. Calls reject with DeviceMismatchError,
 *   ShapeError, DtypeError, OptionError before any work, OnnxRuntimeError, or the signal's reason.
 */
export function createOnnxDenoiser({
  session,
  sampleInput = 'x_t',
  timestepInput = 't',
  output = 'logits',
}: {
  session: OnnxSession
  sampleInput?: string
  timestepInput?: string
  output?: string
}): OnnxDenoiser {
  ...
}
