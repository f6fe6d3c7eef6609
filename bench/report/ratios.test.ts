import { expect, it } from 'vitest'
import { baseCase, batchCase, type Case } from '../cases/plan'
import { reportOf } from './ratios'
import { type Contestant, contestants, type Machine, type Phase, type Result } from './results'

const timed_by = 'GPU timestamps'
const machine: Machine = { date: '2026-01-01', runtime: 'x', adapter: 'y', software: false, timed_by }

function row(of: Case, contestant: Contestant, phase: Phase, time: number): Result {
  return { ...of, ...contestant, phase, median_us: time, p10_us: time, p90_us: time, samples: 3, timed_by }
}

const { ours, readOnce, copyByKernel, copyByCommand, javascript, tfjs, twin, dense } = contestants
const results = [
  row(batchCase, ours, 'mean of a 100-step chain', 20),
  row(batchCase, ours, 'last step', 100),
  row(batchCase, readOnce, 'any step', 80),
  row(batchCase, copyByKernel, 'any step', 180),
  row(batchCase, copyByCommand, 'any step', 640),
  row(baseCase, ours, 'mean of a 100-step chain', 2),
  row(baseCase, javascript, 'any step', 30),
  row(baseCase, tfjs, 'any step', 50),
  row(baseCase, twin, 'mean of a 100-step chain', 4),
  row(baseCase, dense, 'any step', 5),
]
const figures = { non_network_share: { value: 0.02, note: 'a picture' } }

it('divides medians', () => {
  const { ratios, notes } = reportOf({ machine, results, figures })
  expect(ratios.mean_step_over_read_once).toBe(0.25)
  // 1 unit of bytes in 100 µs, while a copy moves 2 in 180.
  expect(ratios.last_step_over_copy_bandwidth).toBeCloseTo(0.9)
  expect(ratios.diffusers_over_ours_b16).toBeCloseTo(9637 / 20)
  // The best of the peers, which are dense.
  expect(ratios.best_peer_over_ours_mean_step).toBe(15)
  expect([ratios.non_network_share, notes.non_network_share]).toEqual([0.02, 'a picture'])
})

it('gives the reason where there is nothing to divide', () => {
  const { ratios, notes } = reportOf({ machine: { ...machine, software: true }, results: [], figures: {} })
  expect(new Set(Object.values(ratios))).toEqual(new Set([null]))
  expect(notes.diffusers_over_ours_b16).toBe('this machine has no GPU to compare')
  expect(notes.best_peer_over_ours_mean_step).toContain('not measured in this run')
  expect(notes.host_ms_per_step).toBe('not measured in this run')
})
