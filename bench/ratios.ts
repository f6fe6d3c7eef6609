import type { Layout } from 'vq-diffusion-webgpu'
import { type Bar, figureBars } from './bars'
import { rowNames } from './names'
import type { Mode } from './peer'
import type { Figure, Measured, Phase, Report, Result } from './results'
import { baseSize, batchSize16, type Size, sizeText } from './sizes'

/** Medians of one case, in microseconds; throws MissingRow where there is none. */
interface Times {
  of(peer: string, phase: Phase): number
  /** The best dense step that a page has without us. */
  bestPeer(): number
}

/** A ratio of times of one case. */
interface Ratio extends Bar {
  readonly size: Size
  readonly layout: Layout
  readonly mode: Mode
  /** Compares with a GPU elsewhere: on a software adapter it says nothing. */
  readonly needsGpu?: boolean
  readonly value: (times: Times) => number
}

const mean = 'mean of a 100-step chain'
const last = 'last step'
const any = 'any step'
/** The faster way to copy one half of the logits. */
const copyTime = (times: Times) => Math.min(times.of(rowNames.copyByKernel, any), times.of(rowNames.copyByCommand, any))
const meanOverReadOnce = (times: Times) => times.of(rowNames.ours, mean) / times.of(rowNames.readOnce, any)

/** diffusers 0.40 in PyTorch on an H100, C = 4097, N = 1024, against ours (issue 4). */
function againstDiffusers(name: string, size: Size, mode: Mode, microseconds: number, times: number): Ratio {
  return {
    name,
    what: `diffusers on an H100 (${microseconds} µs) ÷ mean step, ${mode}, B = ${size.batchSize}`,
    bar: { atLeast: times },
    ...{ gpuOnly: true, needsGpu: true, size, layout: 'pixel-major', mode },
    value: (row) => microseconds / row.of(rowNames.ours, mean),
  }
}

const ratios: readonly Ratio[] = [
  {
    name: 'mean_step_over_read_once',
    what: 'mean step of a 100-step chain ÷ reading the logits once, pixel-major, B = 16',
    ...{ bar: { atMost: 0.25 }, gpuOnly: true, size: batchSize16, layout: 'pixel-major', mode: 'plain' },
    value: meanOverReadOnce,
  },
  {
    name: 'last_step_over_copy_bandwidth',
    what: 'last step, pixel-major, B = 16: achieved ÷ copy bandwidth',
    ...{ bar: { atLeast: 0.85 }, gpuOnly: true, size: batchSize16, layout: 'pixel-major', mode: 'plain' },
    // A copy moves its bytes twice, reading and writing.
    value: (times) => copyTime(times) / 2 / times.of(rowNames.ours, last),
  },
  {
    name: 'guided_truncated_last_step_over_copy_bandwidth',
    what: 'guided + truncated last step, pixel-major, B = 16: bytes of both halves ÷ time ÷ copy bandwidth',
    ...{ bar: { atLeast: 0.6 }, gpuOnly: true, size: batchSize16, layout: 'pixel-major', mode: 'guided + truncated' },
    value: (times) => copyTime(times) / times.of(rowNames.ours, last),
  },
  {
    name: 'class_major_mean_step_over_read_once',
    what: 'mean step of a 100-step chain ÷ reading the logits once, class-major, B = 16',
    ...{ bar: { atMost: 0.6 }, gpuOnly: true, size: batchSize16, layout: 'class-major', mode: 'plain' },
    value: meanOverReadOnce,
  },
  againstDiffusers('diffusers_over_ours_b1', baseSize, 'plain', 1002, 100),
  againstDiffusers('diffusers_over_ours_b16', batchSize16, 'plain', 9637, 500),
  againstDiffusers('diffusers_over_ours_guided_truncated_b1', baseSize, 'guided + truncated', 2856, 200),
  againstDiffusers('diffusers_over_ours_guided_truncated_b16', batchSize16, 'guided + truncated', 23_386, 500),
  {
    name: 'best_peer_over_ours_mean_step',
    what: 'best dense step that a page has without us ÷ mean step of a 100-step chain, B = 1',
    ...{ bar: { atLeast: 10 }, size: baseSize, layout: 'pixel-major', mode: 'plain' },
    value: (times) => times.bestPeer() / times.of(rowNames.ours, mean),
  },
  {
    name: 'best_peer_over_ours_mean_step_awaited',
    what: 'the same, where we wait for each step',
    ...{ size: baseSize, layout: 'pixel-major', mode: 'plain' },
    value: (times) => times.bestPeer() / times.of(rowNames.awaited, mean),
  },
  {
    name: 'mean_step_over_read_once_b1',
    what: 'mean step of a 100-step chain ÷ reading the logits once, pixel-major, B = 1',
    ...{ size: baseSize, layout: 'pixel-major', mode: 'plain' },
    value: meanOverReadOnce,
  },
]

/** Everything that a report has a figure for, those with a bar first in the order. */
export const bars: readonly Bar[] = [...ratios, ...figureBars]

/** What is measured, completed by what follows from it. */
export function reportOf({ machine, results, figures }: Measured): Report {
  const all: Record<string, Figure> = {}
  for (const ratio of ratios) all[ratio.name] = figureOf(ratio, results, machine.software)
  for (const { name } of figureBars) all[name] = figures[name] ?? { value: null, note: 'not measured in this run' }
  const each = <T>(of: (figure: Figure) => T) =>
    Object.fromEntries(Object.entries(all).map(([name, figure]) => [name, of(figure)]))
  return { machine, results, ratios: each(({ value }) => value), notes: each(({ note }) => note) }
}

/** Results of several runs on one machine; of rows and figures that more than one has, the last counts. */
export function mergeReports(reports: readonly Report[]): Report {
  const rows = new Map<string, Result>()
  const figures: Record<string, Figure> = {}
  for (const { results, ratios: values, notes } of reports) {
    for (const row of results) {
      const { B, C, N, layout, dtype, mode, peer, phase } = row
      rows.set([B, C, N, layout, dtype, mode, peer, phase].join(), row)
    }
    for (const { name } of figureBars) {
      const value = values[name] ?? null
      if (value !== null || !figures[name]) figures[name] = { value, note: notes[name] ?? '' }
    }
  }
  return reportOf({ machine: reports.at(-1)!.machine, results: [...rows.values()], figures })
}

function figureOf(ratio: Ratio, results: readonly Result[], software: boolean): Figure {
  const note = `${sizeText(ratio.size)} ${ratio.layout} f32 ${ratio.mode}`
  if (ratio.needsGpu && software) return { value: null, note: 'this machine has no GPU to compare' }
  try {
    return { value: ratio.value(timesOf(ratio, results)), note }
  } catch (error) {
    if (error instanceof MissingRow) return { value: null, note: `${note}: ${error.message}` }
    throw error
  }
}

class MissingRow extends Error {}

function timesOf({ size, layout, mode }: Ratio, results: readonly Result[]): Times {
  const { batchSize: B, numVecClasses: C, numLatentPixels: N } = size
  const rows = results.filter(
    (row) =>
      row.B === B && row.C === C && row.N === N && row.layout === layout && row.mode === mode && row.dtype === 'f32',
  )
  if (rows.length === 0) throw new MissingRow('not measured in this run')
  const of = (peer: string, phase: Phase): number => {
    const row = rows.find((candidate) => candidate.peer === peer && candidate.phase === phase)
    if (row?.median_us == null) throw new MissingRow(row?.why_not ?? `no time of '${peer}', ${phase}`)
    return row.median_us
  }
  const bestPeer = () => {
    const dense = rows.filter(({ kind, phase, median_us }) => kind === 'peer' && phase === any && median_us !== null)
    if (dense.length === 0) throw new MissingRow('no peer was measured')
    return Math.min(...dense.map(({ median_us }) => median_us!))
  }
  return { of, bestPeer }
}
