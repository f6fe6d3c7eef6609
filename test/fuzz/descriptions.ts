import type { Dtype, VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'

/**
 * Calls as plain data, so that fast-check can shrink and print them. `$` marks what `arguments.ts` makes an argument
 * of an engine from; all else is passed as it is.
 */
export type Description = unknown

/** [first, last] of each latent pixel. */
export type Ranges = readonly (readonly [first: number, last: number])[]

/** What a tensor holds. The same seed gives the same values on both engines. */
export type Content =
  | { readonly logits: number; readonly scale: number; readonly odd: OddLogits }
  | { readonly uniforms: number }
  | {
      readonly tokens: number
      readonly classes: number
      readonly masks: number
      /** The classes of each latent pixel that the tokens keep to. */
      readonly ranges?: Ranges | undefined
      readonly outside?: boolean
    }
  | { readonly bits: number }
  | { readonly zeros: true }

/** Logits that are no ordinary numbers: excluded classes, and columns from which nothing can be drawn. */
export type OddLogits = 'none' | '-Infinity' | 'NaN' | 'Infinity' | 'excluded column'

/** What makes a buffer one that WebGPU refuses. */
export const bufferFaults = ['destroyed buffer', 'no storage', 'mapped', 'other device'] as const
export type BufferFault = (typeof bufferFaults)[number]

/**
 * A tensor: of its own, or in a part of a larger buffer, or as onnxruntime-web gives it; or one that was destroyed,
 * or whose buffer WebGPU refuses, which the twin has not.
 */
export interface TensorDescription {
  readonly $: 'tensor'
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly content: Content
  readonly place?: 'own' | 'part' | 'onnx' | 'destroyed' | BufferFault
}

/** A generator that has made some calls already. */
export interface GeneratorDescription {
  readonly $: 'generator'
  readonly seeds: readonly (number | bigint)[]
  readonly calls: number
}

/** The network of a chain: logits by seed and timestep, whatever the sample is. */
export interface NetworkDescription {
  readonly $: 'network'
  readonly seed: number
  readonly scale: number
  readonly layout: 'class-major' | 'pixel-major'
  readonly odd: OddLogits
}

/** Something that happens at the n-th call of the network of a chain. */
export interface EventDescription {
  readonly $: 'event'
  readonly call: number
  readonly event: 'none' | 'abort' | 'throw' | 'no tensor' | 'wrong shape' | 'stop'
}

/** Another argument of the same call, by its path. */
export interface SameDescription {
  readonly $: 'same'
  readonly path: readonly string[]
}

/** A value of a wrong kind, by its name in `wrong_values.ts`. */
export interface WrongDescription {
  readonly $: 'wrong'
  readonly value: string
}

/** An entry of the scheduler's list of timesteps. */
export interface TimestepDescription {
  readonly $: 'timestep'
  readonly place: number
}

/** An array on the host: numbers from −1 to 1, or small integers, the same for the same seed. */
export interface ArrayDescription {
  readonly $: 'array'
  readonly type: 'Float32Array' | 'Uint32Array' | 'Uint8ClampedArray'
  readonly length: number
  readonly seed: number
}

/** A call of the public surface. */
export interface CallDescription {
  readonly method: string
  readonly parameters: readonly Description[]
  /** Whether no parameter was changed to a wrong one: the call has to be done. */
  readonly valid: boolean
}

/** Calls on one scheduler, one after the other. */
export interface SequenceDescription {
  readonly config: VQDiffusionSchedulerOptions
  readonly calls: readonly CallDescription[]
}

/** Whether this is a plain object of named values, which parameters are changed in. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('$' in value)
}

export function isDescribed<D extends { readonly $: string }>(value: unknown, kind: D['$']): value is D {
  return typeof value === 'object' && value !== null && (value as { $?: unknown }).$ === kind
}
