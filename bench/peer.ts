import type { Layout } from 'vq-diffusion-webgpu'

export type Mode = 'plain' | 'guided' | 'guided + truncated'
export type LogitsDtype = 'f32' | 'f16'

/** One shape of the question "how long does a reverse step take?". */
export interface Case {
  readonly batchSize: number
  /** C = K + 1, the mask included. */
  readonly numVecClasses: number
  readonly numLatentPixels: number
  readonly layout: Layout
  readonly dtype: LogitsDtype
  readonly mode: Mode
}

/** A case with everything that a step of it needs, on the host and on the device. */
export interface Problem extends Case {
  readonly device: GPUDevice
  /** t and u of the step under test; u = −1 is clean data. */
  readonly timestep: number
  readonly previousTimestep: number
  /** x_t, u32 [B, N]. */
  readonly sample: Uint32Array
  /** Raw logits [B, K, N] or [B, N, K] by `layout`; the values are those of f16 numbers where `dtype` says so. */
  readonly conditional: Float32Array
  /** With the guided modes, like `conditional`. */
  readonly unconditional: Float32Array | undefined
  readonly guidanceScale: number
  /** 1 where nothing is truncated. */
  readonly truncationRate: number
  /** Uniforms of the reference-identical draw: [B, C, N] or [B, N, C] by `layout`; [.., K, ..] where u = −1. */
  readonly noise: Float32Array
}

/** A peer with one problem uploaded, warmed up, and ready to run again and again. */
export interface PreparedPeer {
  /** Enqueues, or does, one step; inputs stay as they are. */
  step(): void | Promise<void>
  /** Resolves when all steps so far are done. */
  finished(): Promise<void>
  /** x_u of the last step, u32 [B, N]. */
  tokens(): Promise<Uint32Array>
  destroy(): void
}

/** Somebody else's way, or another way of ours, to do the same step. */
export interface Peer {
  readonly name: string
  /** Where its time is spent: rows of the same kind compare. */
  readonly runsOn: 'WebGPU' | 'WebAssembly' | 'JavaScript'
  /** Rejects with a PeerUnableError that says why, if this peer cannot run the problem. */
  prepare(problem: Problem): Promise<PreparedPeer>
}

export class PeerUnableError extends Error {
  override readonly name = 'PeerUnableError'
}
