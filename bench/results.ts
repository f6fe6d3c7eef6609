import type { LogitsDtype, Mode } from './peer'

/** Phases of a chain; 'any step' is a step whose work does not depend on t, measured in the middle of the chain. */
export const phases = [
  'mean of a 100-step chain',
  'mean of a 16-step chain',
  'first step',
  'middle step',
  'last step',
  'any step',
] as const
export type Phase = (typeof phases)[number]

/** Rows of one kind and place compare. */
export type RowKind = 'ours' | 'peer' | 'floor'
export type RunsOn = 'WebGPU' | 'WebAssembly' | 'JavaScript'
export type TimedBy = 'GPU timestamps' | 'wall clock'

/** One line of the results: what one contestant took for one phase of one case, or why it could not run. */
export interface Result {
  readonly peer: string
  readonly kind: RowKind
  readonly runs_on: RunsOn
  readonly layout: 'class-major' | 'pixel-major'
  readonly dtype: LogitsDtype
  readonly B: number
  readonly C: number
  readonly N: number
  readonly mode: Mode
  readonly phase: Phase
  /** Microseconds a step; null where `why_not` says why. */
  readonly median_us: number | null
  readonly p10_us: number | null
  readonly p90_us: number | null
  readonly samples: number
  readonly timed_by: TimedBy
  readonly why_not?: string
}

export interface Machine {
  readonly date: string
  /** Browser, or Node with Dawn. */
  readonly runtime: string
  readonly adapter: string
  /** The adapter computes on the CPU. */
  readonly software: boolean
  readonly timed_by: TimedBy
  readonly cpu?: string
  readonly cores?: number
  readonly system?: string
}

/** A figure of its own, beside the rows: host time, objects, sizes, shares. */
export interface Figure {
  readonly value: number | null
  /** What it was measured on, or why it was not. */
  readonly note: string
}

export type Figures = Readonly<Record<string, Figure>>

/** What the benchmark itself gives; `Report` is what the command writes. */
export interface Measured {
  readonly machine: Machine
  readonly results: readonly Result[]
  readonly figures: Figures
}

export interface Report extends Omit<Measured, 'figures'> {
  readonly ratios: Readonly<Record<string, number | null>>
  /** What each ratio is about: its sizes, or why there is none. */
  readonly notes: Readonly<Record<string, string>>
}
