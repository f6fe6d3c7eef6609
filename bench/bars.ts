/** A figure of the report, and what it has to come to, if anything. */
export interface Bar {
  readonly name: string
  readonly what: string
  readonly bar?: { readonly atMost: number } | { readonly atLeast: number }
  /** Only a real GPU is held to it. */
  readonly gpuOnly?: boolean
}

/** Figures that are not ratios of times. */
export const figureBars: readonly Bar[] = [
  { name: 'host_ms_per_step', what: 'milliseconds of the calling thread a step', bar: { atMost: 0.1 } },
  {
    name: 'gpu_objects_per_step',
    what: 'GPU objects made a step, after the first in each direction',
    bar: { atMost: 0 },
  },
  {
    name: 'non_network_share',
    what: 'whole demo picture without previews: share of the time that is no network',
    bar: { atMost: 0.03 },
  },
  { name: 'non_network_share_with_previews', what: 'the same with live previews, x₀ and diagnostics of every step' },
  { name: 'gzip_kb', what: 'library, gzipped, shaders included, in kB', bar: { atMost: 25 } },
]

export function barText({ bar }: Bar): string {
  if (!bar) return ''
  return 'atMost' in bar ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`
}

export function reaches({ bar }: Bar, value: number): boolean {
  if (!bar) return true
  return 'atMost' in bar ? value <= bar.atMost : value >= bar.atLeast
}
