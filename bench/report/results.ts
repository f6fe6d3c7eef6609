import type { Case } from '../cases/plan'

/** Phases of a chain. The work of 'any step' does not depend on t; it is measured in the middle of the chain. */
export const phases = [
  'mean of a 100-step chain',
  'mean of a 16-step chain',
  'first step',
  'middle step',
  'last step',
  'any step',
] as const
export type Phase = (typeof phases)[number]

/** What was timed; rows of one kind and place compare. */
export interface Contestant {
  readonly peer: string
  readonly kind: 'ours' | 'peer' | 'floor'
  readonly runs_on: 'WebGPU' | 'WebAssembly' | 'JavaScript'
}

export const contestants = {
  ours: { peer: 'ours', kind: 'ours', runs_on: 'WebGPU' },
  awaited: { peer: 'ours, each step awaited', kind: 'ours', runs_on: 'WebGPU' },
  dense: { peer: 'ours, dense with supplied noise', kind: 'ours', runs_on: 'WebGPU' },
  javascript: { peer: 'JavaScript', kind: 'peer', runs_on: 'JavaScript' },
  twin: { peer: 'CPU twin (lazy JavaScript)', kind: 'peer', runs_on: 'JavaScript' },
  tfjs: { peer: 'TensorFlow.js, WebGPU', kind: 'peer', runs_on: 'WebGPU' },
  'onnx-webgpu': { peer: 'onnxruntime-web, WebGPU', kind: 'peer', runs_on: 'WebGPU' },
  'onnx-wasm': { peer: 'onnxruntime-web, WebAssembly', kind: 'peer', runs_on: 'WebAssembly' },
  readOnce: { peer: 'floor: read the logits once', kind: 'floor', runs_on: 'WebGPU' },
  copyByKernel: { peer: 'floor: copy the logits, by a kernel', kind: 'floor', runs_on: 'WebGPU' },
  copyByCommand: { peer: 'floor: copy the logits, by copyBufferToBuffer', kind: 'floor', runs_on: 'WebGPU' },
  empty: { peer: 'floor: empty dispatch + submit', kind: 'floor', runs_on: 'WebGPU' },
} as const satisfies Record<string, Contestant>

export interface Row extends Contestant {
  readonly phase: Phase
  readonly timed_by: 'GPU timestamps' | 'wall clock'
}

/** What a row took in one case, in microseconds a step, or null and the reason. */
export interface Result extends Case, Row {
  readonly median_us: number | null
  readonly p10_us: number | null
  readonly p90_us: number | null
  readonly samples: number
  readonly why_not?: string
}

export interface Machine {
  readonly date: string
  /** Browser, or Node with Dawn. */
  readonly runtime: string
  readonly adapter: string
  /** The adapter computes on the CPU. */
  readonly software: boolean
  readonly timed_by: Row['timed_by']
  readonly cpu?: string
  readonly cores?: number
  readonly system?: string
}

/** Figures that are not times of a row; a note says what they were measured on, or why there is none. */
export type Figures = Readonly<Record<string, { readonly value: number | null; readonly note: string }>>

export interface Measured {
  readonly machine: Machine
  readonly results: readonly Result[]
  readonly figures: Figures
}

/** What `--json` writes: values and notes of all ratios and figures. */
export interface Report extends Omit<Measured, 'figures'> {
  readonly ratios: Readonly<Record<string, number | null>>
  readonly notes: Readonly<Record<string, string>>
}
