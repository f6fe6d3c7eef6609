import { OptionError } from './errors'
import type { AddNoiseOptions, LogPX0Options, LogQOptions, QPosteriorOptions, StepOptions } from './options'
import { quoted } from './value_text'

/** The names of a call's options, the same as those of their type. */
export type Names<Options> = Readonly<Record<keyof Options, true>>

// Of calls that both engines have.

export const stepNames = {
  generator: true,
  noise: true,
  layout: true,
  guidance: true,
  truncationRate: true,
  previousTimestep: true,
  known: true,
  predOriginalSample: true,
  diagnostics: true,
  out: true,
  faults: true,
} satisfies Names<StepOptions<unknown, unknown> & { faults: unknown }>

export const qPosteriorNames = { layout: true, previousTimestep: true } satisfies Names<QPosteriorOptions>

export const logQNames = { t: true, xT: true, cumulative: true, layout: true } satisfies Names<LogQOptions<unknown>>

export const logPX0Names = {
  layout: true,
  outputLayout: true,
  guidance: true,
  normalise: true,
  truncationRate: true,
  minimum: true,
} satisfies Names<LogPX0Options<unknown>>

export const addNoiseNames = { generator: true, noise: true, faults: true } satisfies Names<
  AddNoiseOptions<unknown, unknown>
>

/** The refusal of a name that is not among those of a call's options, with the one that was probably meant. */
export function unknownName(call: string, name: string, names: readonly string[]): OptionError {
  const [meant] = names
    .map((known) => ({ known, edits: editDistance(plain(name), plain(known)) }))
    .filter(({ edits }) => edits <= Math.min(2, name.length / 2))
    .sort((a, b) => a.edits - b.edits)
  const cure = meant ? `: did you mean '${meant.known}'?` : '.'
  return new OptionError(`${call} takes no option ${quoted(name)}${cure} Its options are ${names.join(', ')}.`)
}

/** A name without what snake_case and camelCase differ in. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** The number of letters to insert, remove or replace, which makes one text of the other; Infinity if it is large. */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 2) return Infinity
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++)
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (from[i] === to[j] ? 0 : 1)))
    row = next
  }
  return row.at(-1)!
}
