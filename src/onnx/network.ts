import type { CpuTensor } from '../cpu/tensor'
import { DeviceMismatchError } from '../errors'
import { GpuTensor } from '../gpu/tensor'
import { CpuNetwork } from './cpu_network'
import { GpuNetwork } from './gpu_network'
import type { OnnxSession } from './session'

/** A tensor of either engine. */
export type AnyTensor = GpuTensor | CpuTensor

export type HostArray = Int32Array | Float32Array

/** What a network takes and gives. */
export interface Signature {
  /** int32 [B or 2B, N] */
  readonly tokens: { readonly name: string; readonly shape: readonly number[] }
  /** All other inputs. */
  readonly inputs: Readonly<Record<string, { readonly type: 'int32' | 'float32'; readonly shape: readonly number[] }>>
  /** float32; its shape is known when it has run. */
  readonly output: string
}

/** A session at fixed shapes: set the inputs, run, take the output. To be used inside `OnnxSession.whenFree` only. */
export interface Network {
  set(name: string, values: HostArray): void
  /** Sets the tokens [B, N], one after the other as often as the signature's shape holds them. */
  setTokens(tokens: AnyTensor): Promise<void>
  /** Gives the shape of the output. */
  run(): Promise<readonly number[]>
  /** The output on a device: the same tensor every time, which the next run overwrites. */
  onDevice(device: GPUDevice): GpuTensor<'f32'>
  /** The output on the host. A later run does not change what is under way. */
  onHost(): Promise<Float32Array>
  destroy(): void
}

export function createNetwork(session: OnnxSession, signature: Signature): Network {
  return session.device ? new GpuNetwork(session, session.device, signature) : new CpuNetwork(session, signature)
}

/** The tokens of a batch, repeated until there are `length`. */
export function repeatTokens(tokens: ArrayLike<number>, length: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length }, (_, i) => tokens[i % tokens.length]!)
}

/** Throws DeviceMismatchError if a GPU tensor lives on another device than the session, DestroyedError if nowhere. */
export function requireDevice(session: OnnxSession, name: string, tensor: AnyTensor): void {
  if (!(tensor instanceof GpuTensor)) return
  tensor.assertAlive()
  if (session.device && tensor.device !== session.device)
    throw new DeviceMismatchError(
      `${name} lives on the GPUDevice '${tensor.device.label}', not on the session's '${session.device.label}'. ` +
        'Create the session with the device of the scheduler.',
    )
}
