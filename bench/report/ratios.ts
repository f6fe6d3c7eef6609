import { baseCase as base, batchCase as batch, type Case, caseText } from '../cases/plan'
import { type Contestant, contestants, type Measured, type Phase, type Report, type Result } from './results'

/** A figure of the report, and the bar it has to reach, if there is one. */
export interface Bar {
  readonly name: string
  readonly what: string
  readonly atMost?: number
  readonly atLeast?: number
  /** Binds only a real GPU. */
  readonly gpuOnly?: boolean
}

/** A ratio of times of one case. */
interface Ratio extends Bar {
  readonly of: Case
  /** Compares with a GPU elsewhere, which makes no sense on a software adapter. */
  readonly needsGpu?: boolean
  /** NaN or infinite where a time is missing. */
  value(times: Times): number
}

/** Median microseconds a step of one case. */
interface Times {
  of(contestant: Contestant, phase: Phase): number
  /** The fastest dense step that a page has without this library. */
  bestPeer(): number
}

const { ours, awaited, readOnce, copyByKernel, copyByCommand } = contestants
const mean = 'mean of a 100-step chain'
const truncated = { mode: 'guided + truncated' } as const

function meanOverReadOnce(name: string, of: Case, bar: Partial<Bar> = {}): Ratio {
  const what = `mean step of a 100-step chain ÷ reading the logits once, ${of.layout}, B = ${of.B}`
  return { name, what, of, ...bar, value: (times) => times.of(ours, mean) / times.of(readOnce, 'any step') }
}

/** diffusers 0.40 in PyTorch on an H100 against our mean step. */
function diffusersOverOurs(name: string, of: Case, microseconds: number, atLeast: number): Ratio {
  const what = `diffusers on an H100 (${microseconds} µs) ÷ mean step, ${of.mode}, B = ${of.B}`
  const value = (times: Times) => microseconds / times.of(ours, mean)
  return { name, what, of, atLeast, gpuOnly: true, needsGpu: true, value }
}

/** Halves of the logits that the faster copy moves, once in each direction, while the last step runs. */
function copiesInLastStep(times: Times): number {
  const copy = Math.min(times.of(copyByKernel, 'any step'), times.of(copyByCommand, 'any step'))
  return copy / times.of(ours, 'last step')
}

const ratios: readonly Ratio[] = [
  meanOverReadOnce('mean_step_over_read_once', batch, { atMost: 0.25, gpuOnly: true }),
  {
    name: 'last_step_over_copy_bandwidth',
    what: 'last step, pixel-major, B = 16: achieved ÷ copy bandwidth',
    atLeast: 0.85,
    gpuOnly: true,
    of: batch,
    value: (times) => copiesInLastStep(times) / 2,
  },
  {
    name: 'guided_truncated_last_step_over_copy_bandwidth',
    what: 'guided + truncated last step, pixel-major, B = 16: bytes of both halves ÷ time ÷ copy bandwidth',
    atLeast: 0.6,
    gpuOnly: true,
    of: { ...batch, ...truncated },
    value: copiesInLastStep,
  },
  meanOverReadOnce(
    'class_major_mean_step_over_read_once',
    { ...batch, layout: 'class-major' },
    { atMost: 0.6, gpuOnly: true },
  ),
  diffusersOverOurs('diffusers_over_ours_b1', base, 1002, 100),
  diffusersOverOurs('diffusers_over_ours_b16', batch, 9637, 500),
  diffusersOverOurs('diffusers_over_ours_guided_truncated_b1', { ...base, ...truncated }, 2856, 200),
  diffusersOverOurs('diffusers_over_ours_guided_truncated_b16', { ...batch, ...truncated }, 23_386, 500),
  {
    name: 'best_peer_over_ours_mean_step',
    what: 'best dense step that a page has without us ÷ mean step of a 100-step chain, B = 1',
    atLeast: 10,
    of: base,
    value: (times) => times.bestPeer() / times.of(ours, mean),
  },
  {
    name: 'best_peer_over_ours_mean_step_awaited',
    what: 'the same, where we wait for each step',
    of: base,
    value: (times) => times.bestPeer() / times.of(awaited, mean),
  },
  meanOverReadOnce('mean_step_over_read_once_b1', base),
]

/** Figures that are not ratios of times. */
const figureBars: readonly Bar[] = [
  { name: 'host_ms_per_step', what: 'milliseconds of the calling thread a step', atMost: 0.1 },
  { name: 'gpu_objects_per_step', what: 'GPU objects made a step, after the first in each direction', atMost: 0 },
  { name: 'non_network_share', what: 'whole demo picture: share of the time outside the network', atMost: 0.03 },
  { name: 'live_non_network_share', what: 'the same with live preview', atMost: 0.05 },
  { name: 'live_non_network_share_cpu', what: 'the same with live preview, by the twin', atMost: 0.05 },
]

export const bars: readonly Bar[] = [...ratios, ...figureBars]

/** What was measured, with a value or a reason for every bar. */
export function reportOf({ machine, results, figures }: Measured): Report {
  const values: Record<string, number | null> = {}
  const notes: Record<string, string> = {}
  for (const { name, of, needsGpu, value } of ratios) {
    const ratio = value(timesOf(results.filter((row) => caseText(row) === caseText(of))))
    const comparable = !(needsGpu && machine.software)
    values[name] = comparable && Number.isFinite(ratio) ? ratio : null
    notes[name] = values[name] === null ? `${caseText(of)}: not measured in this run` : caseText(of)
    if (!comparable) notes[name] = 'this machine has no GPU to compare'
  }
  for (const { name } of figureBars) {
    values[name] = figures[name]?.value ?? null
    notes[name] = figures[name]?.note ?? 'not measured in this run'
  }
  return { machine, results, ratios: values, notes }
}

function timesOf(results: readonly Result[]): Times {
  const dense = results.filter(({ kind, phase }) => kind === 'peer' && phase === 'any step')
  return {
    of: ({ peer }, phase) => results.find((row) => row.peer === peer && row.phase === phase)?.median_us ?? NaN,
    bestPeer: () => Math.min(...dense.map(({ median_us }) => median_us ?? Infinity)),
  }
}
