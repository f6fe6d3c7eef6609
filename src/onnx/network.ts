import { requireSample } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { DeviceMismatchError, ShapeError } from '../errors'
import { deviceText } from '../gpu/gpu_text'
import { GpuTensor } from '../gpu/tensor'
import type { HalfArray } from '../typed_arrays'
import { valueText } from '../value_text'
import type { OnnxSession } from './session'

/** A tensor of either engine. */
export type AnyTensor = GpuTensor | CpuTensor

/** Values of an input of a network, on the host. Halves are converted to float32. */
export type HostArray = Int32Array | Float32Array | HalfArray

/** Values as the network takes them. */
export type NetworkArray = Int32Array | Float32Array

/** Names, types and shapes of a network's inputs and output. */
export interface Signature {
  /** int32 [B or 2B, N]. */
  readonly tokens: { readonly name: string; readonly shape: readonly number[] }
  /** All other inputs. */
  readonly inputs: Readonly<Record<string, { readonly type: 'int32' | 'float32'; readonly shape: readonly number[] }>>
  /** float32; its shape is known after the first run. */
  readonly output: string
}

/** A session with inputs and output of fixed shapes. Use it inside `OnnxSession.whenFree` only. */
export interface Network {
  set(name: string, values: NetworkArray): void
  /** Sets the tokens [B, N], repeated until the signature's shape is filled. */
  setTokens(tokens: AnyTensor): Promise<void>
  /** Resolves to the shape of the output. */
  run(): Promise<readonly number[]>
  /** The output on a device: always the same tensor, which the next run overwrites. */
  onDevice(device: GPUDevice): GpuTensor<'f32'>
  /** The output on the host. A later run does not change a copy that is in progress. */
  onHost(): Promise<Float32Array>
  destroy(): void
}

/** The tokens of a batch, repeated up to `length`. */
export function repeatTokens(tokens: ArrayLike<number>, length: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length }, (_, i) => tokens[i % tokens.length]!)
}

/**
 * The tokens as they are at the call: those on the host are copied, since the run may begin later. Throws ShapeError or
 * DtypeError unless the value is a tensor of tokens [B, N] of either engine, DestroyedError if it was destroyed,
 * DeviceMismatchError if it lives on another device than the session.
 */
export function takeTokens(session: OnnxSession, name: string, tensor: AnyTensor): AnyTensor {
  if (!(tensor instanceof GpuTensor) && !(tensor instanceof CpuTensor))
    throw new ShapeError(
      `${name} needs to be a GpuTensor or a CpuTensor; given ${valueText(tensor)}. ` +
        'Create it with uploadTokens() of a scheduler.',
    )
  requireSample(name, tensor)
  tensor.assertAlive()
  if (!(tensor instanceof GpuTensor)) return tensor.clone()
  tensor.requireUsage(name, 'COPY_SRC')
  if (session.device && tensor.device !== session.device)
    throw new DeviceMismatchError(
      `${name} lives on another GPUDevice (${deviceText(tensor.device)}) than the session (${deviceText(session.device)}). ` +
        'Create the session with the device of the scheduler.',
    )
  return tensor
}
