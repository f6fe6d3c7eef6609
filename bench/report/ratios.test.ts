import { expect, it } from 'vitest'
import { reportOf } from './ratios'
import { type Contestant, contestants, type Machine, type Phase, type Result } from './results'

const timed_by = 'GPU timestamps'
const machine: Machine = { date: '2026-01-01', runtime: 'x', adapter: 'y', software: false, timed_by }

function row(contestant: Contestant, phase: Phase, time: number, B = 16): Result {
  const size = { B, C: 4097, N: 1024 }
  const variant = { layout: 'pixel-major', dtype: 'f32', mode: 'plain' } as const
  const times = { median_us: time, p10_us: time, p90_us: time, samples: 3 }
  return { ...contestant, ...size, ...variant, phase, ...times, timed_by }
}

const { ours, readOnce, copyByKernel, copyByCommand, javascript, tfjs, twin, dense } = contestants
const results = [
  row(ours, 'mean of a 100-step chain', 20),
  row(ours, 'last step', 100),
  row(readOnce, 'any step', 80),
  row(copyByKernel, 'any step', 180),
  row(copyByCommand, 'any step', 640),
]

it('divides medians: by the floor, by the bandwidth of a copy, and the published figures by ours', () => {
  const { ratios } = reportOf({ machine, results, figures: {} })
  expect(ratios.mean_step_over_read_once).toBe(0.25)
  // 1 unit of bytes in 100 µs, while a copy moves 2 in 180.
  expect(ratios.last_step_over_copy_bandwidth).toBeCloseTo(0.9)
  expect(ratios.diffusers_over_ours_b16).toBeCloseTo(9637 / 20)
})

it('gives the reason where there is nothing to divide', () => {
  const software = reportOf({ machine: { ...machine, software: true }, results, figures: {} })
  expect(software.ratios.diffusers_over_ours_b16).toBeNull()
  expect(software.notes.diffusers_over_ours_b16).toBe('this machine has no GPU to compare')
  const figures = { non_network_share: { value: 0.02, note: 'a picture' } }
  const { ratios, notes } = reportOf({ machine, results, figures })
  expect([ratios.best_peer_over_ours_mean_step, ratios.host_ms_per_step]).toEqual([null, null])
  expect([ratios.non_network_share, notes.non_network_share]).toEqual([0.02, 'a picture'])
  expect(notes.best_peer_over_ours_mean_step).toContain('not measured in this run')
})

it('takes the best of the peers, which are dense', () => {
  const base = [
    row(ours, 'mean of a 100-step chain', 2, 1),
    row(javascript, 'any step', 30, 1),
    row(tfjs, 'any step', 50, 1),
    row(twin, 'mean of a 100-step chain', 4, 1),
    row(dense, 'any step', 5, 1),
  ]
  expect(reportOf({ machine, results: base, figures: {} }).ratios.best_peer_over_ours_mean_step).toBe(15)
})
