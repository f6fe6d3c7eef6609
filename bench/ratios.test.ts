import { expect, it } from 'vitest'
import { rowNames } from './names'
import { mergeReports, reportOf } from './ratios'
import type { Machine, Result } from './results'

const machine: Machine = {
  ...{ date: '2026-01-01', runtime: 'x', adapter: 'y', software: false, timed_by: 'GPU timestamps' },
}

function row(peer: string, phase: Result['phase'], median_us: number, changes: Partial<Result> = {}): Result {
  return {
    ...{ peer, phase, median_us, p10_us: median_us, p90_us: median_us, kind: 'ours', runs_on: 'WebGPU', samples: 3 },
    ...{ layout: 'pixel-major', dtype: 'f32', mode: 'plain', B: 16, C: 4097, N: 1024, timed_by: 'GPU timestamps' },
    ...changes,
  }
}

const results = [
  row(rowNames.ours, 'mean of a 100-step chain', 20),
  row(rowNames.ours, 'last step', 100),
  row(rowNames.readOnce, 'any step', 80, { kind: 'floor' }),
  row(rowNames.copyByKernel, 'any step', 180, { kind: 'floor' }),
  row(rowNames.copyByCommand, 'any step', 640, { kind: 'floor' }),
]

it('divides medians: by the floor, by the bandwidth of a copy, and the published figures by ours', () => {
  const { ratios } = reportOf({ machine, results, figures: {} })
  expect(ratios.mean_step_over_read_once).toBe(0.25)
  // 1 unit of bytes in 100 µs, while a copy moves 2 in 180.
  expect(ratios.last_step_over_copy_bandwidth).toBeCloseTo(0.9)
  expect(ratios.diffusers_over_ours_b16).toBeCloseTo(9637 / 20)
})

it('says why where there is nothing to divide', () => {
  const software = reportOf({ machine: { ...machine, software: true }, results, figures: {} })
  expect(software.ratios.diffusers_over_ours_b16).toBeNull()
  expect(software.notes.diffusers_over_ours_b16).toBe('this machine has no GPU to compare')
  const { ratios, notes } = reportOf({ machine, results, figures: { gzip_kb: { value: 24, note: 'index.js' } } })
  expect([ratios.best_peer_over_ours_mean_step, ratios.host_ms_per_step, ratios.gzip_kb]).toEqual([null, null, 24])
  expect(notes.best_peer_over_ours_mean_step).toContain('not measured in this run')
})

it('takes the best of the peers, which are dense', () => {
  const base = { B: 1, kind: 'peer' } as const
  const rows = [
    row(rowNames.ours, 'mean of a 100-step chain', 2, { B: 1 }),
    row('a', 'any step', 30, base),
    row('b', 'any step', 50, base),
    row(rowNames.twin, 'mean of a 100-step chain', 4, base),
    row(rowNames.dense, 'any step', 5, { B: 1 }),
  ]
  expect(reportOf({ machine, results: rows, figures: {} }).ratios.best_peer_over_ours_mean_step).toBe(15)
})

it('merges runs: the last of equal rows, and whichever figure there is', () => {
  const first = reportOf({ machine, results, figures: { host_ms_per_step: { value: 0.02, note: 'n' } } })
  const second = reportOf({ machine, results: [row(rowNames.ours, 'mean of a 100-step chain', 40)], figures: {} })
  const { ratios, results: merged } = mergeReports([first, second])
  expect(merged).toHaveLength(5)
  expect(ratios.mean_step_over_read_once).toBe(0.5)
  expect(ratios.host_ms_per_step).toBe(0.02)
})
