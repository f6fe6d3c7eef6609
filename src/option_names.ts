import { OptionError } from './errors'
import type { AddNoiseOptions, LogPX0Options, LogQOptions, QPosteriorOptions } from './options'
import { quoted } from './value_text'

/** The names of a call's options, the same as those of their type. */
export type Names<Options> = Readonly<Record<keyof Options, true>>

// Of calls that both engines have.

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

/** Throws OptionError if there is an option that the call does not have, also if its value is undefined. */
export function requireNames(call: string, options: object, names: Readonly<Record<string, true>>): void {
  for (const name in options) if (names[name] !== true) throw new OptionError(refusal(call, name, Object.keys(names)))
}

function refusal(call: string, name: string, names: readonly string[]): string {
  const [meant] = names
    .map((known) => ({ known, edits: editDistance(plain(name), plain(known)) }))
    .filter(({ edits }) => edits <= Math.min(2, name.length / 2))
    .sort((a, b) => a.edits - b.edits)
  const cure = meant ? `: did you mean '${meant.known}'?` : '.'
  return `${call} takes no option ${quoted(name)}${cure} Its options are ${names.join(', ')}.`
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
