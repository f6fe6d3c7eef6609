import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { Fixtures } from '../../test/conformance/fixtures'
import { readConfig } from '../config'
import { OptionError, TimestepError } from '../errors'
import { posteriorCoefficients } from './posterior'
import { Process } from './process'
import { type Routes, routeTable, routeThresholds, threshold, transition } from './routes'
import { createSchedule, initialMaskProbability, type Schedule, scheduleTables } from './schedule'
import { stridedTimesteps } from './timesteps'

const folder = new URL('../../test/fixtures/', import.meta.url)
const fixtures = await Fixtures.load(async (name) => new Uint8Array(await readFile(new URL(name, folder))).buffer)

describe('the tables equal the reference, bit for bit, also the NaN of a single timestep', () => {
  for (const { name, op, config, outputs } of fixtures.cases) {
    if (op !== 'schedule') continue
    it(name, () => {
      const tables = scheduleTables(readConfig(config))
      const names = ['logAt', 'logBt', 'logCt', 'logCumprodAt', 'logCumprodBt', 'logCumprodCt'] as const
      const golden = ['log_at', 'log_bt', 'log_ct', 'log_cumprod_at', 'log_cumprod_bt', 'log_cumprod_ct']
      for (const [i, table] of names.entries())
        expect(tables[table], table).toEqual(fixtures.floats(outputs[golden[i]!]).data)
    })
  }
})

/** Default, strong replacement, absorbing only and uniform only. */
const schedules: Record<string, Schedule> = {
  default: schedule({ num_vec_classes: 7, num_train_timesteps: 10 }),
  'strong replacement': schedule({
    num_vec_classes: 6,
    num_train_timesteps: 12,
    alpha_cum_start: 0.97,
    alpha_cum_end: 0.02,
    gamma_cum_start: 0.01,
    gamma_cum_end: 0.6,
  }),
  'absorbing only': schedule({
    num_vec_classes: 5,
    num_train_timesteps: 9,
    alpha_cum_start: 0.9,
    alpha_cum_end: 0.1,
    gamma_cum_start: 0.1,
    gamma_cum_end: 0.9,
  }),
  'uniform only': schedule({
    num_vec_classes: 4,
    num_train_timesteps: 8,
    alpha_cum_start: 0.9,
    alpha_cum_end: 0.01,
    gamma_cum_start: 0,
    gamma_cum_end: 0,
  }),
}

function schedule(options: Parameters<typeof readConfig>[0]): Schedule {
  return createSchedule(readConfig(options))
}

/** Explicit matrix q(row j at the later time | column i at the earlier), C × C, from keep, K·replace and mask. */
function matrix({ keep, replace, mask }: ReturnType<typeof transition>, K: number): number[][] {
  const entry = (j: number, i: number) => {
    if (i === K) return j === K ? 1 : 0
    if (j === K) return mask
    return (i === j ? keep : 0) + replace / K
  }
  return Array.from({ length: K + 1 }, (_, j) => Array.from({ length: K + 1 }, (_, i) => entry(j, i)))
}

function pairs({ numTrainTimesteps: T }: Schedule): { t: number; u: number }[] {
  return Array.from({ length: T }, (_, t) => Array.from({ length: t + 1 }, (_, i) => ({ t, u: i - 1 }))).flat()
}

describe.each(Object.entries(schedules))('the kernels of the %s schedule', (_, process) => {
  const K = process.numCodes

  it('compose: q̄_t = q_{u→t} q̄_u for all pairs', () => {
    for (const { t, u } of pairs(process).filter((pair) => pair.u >= 0)) {
      const late = matrix(transition(process, t, -1), K)
      const early = matrix(transition(process, u, -1), K)
      const between = matrix(transition(process, t, u), K)
      for (let j = 0; j <= K; j++)
        for (let i = 0; i <= K; i++) {
          const product = between[j]!.reduce((sum, value, m) => sum + value * early[m]![i]!, 0)
          expect(Math.abs(product - late[j]![i]!)).toBeLessThan(1e-13)
        }
    }
  })

  it('give routes whose rows add up to 1 and whose law is q(x_u | x_t, x₀) by explicit products', () => {
    for (const { t, u } of pairs(process)) {
      const table = routeTable(process, t, u)
      for (const row of [table.masked, table.differs, table.agrees]) {
        const values = Object.values(row) as number[]
        expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
        expect(values.reduce((a, b) => a + b)).toBeCloseTo(1, 13)
      }
      const between = matrix(transition(process, t, u), K)
      const identity = { keep: 1, replace: 0, mask: 0 }
      const early = matrix(u < 0 ? identity : transition(process, u, -1), K)
      const late = matrix(transition(process, t, -1), K)
      for (const [j, x0, row] of [
        [K, 0, table.masked],
        [1, 0, table.differs],
        [1, 1, table.agrees],
      ] as [number, number, Routes][]) {
        if (late[j]![x0]! === 0) continue // x_t cannot have come from x₀
        for (let i = 0; i <= K; i++) {
          const law = (between[j]![i]! * early[i]![x0]!) / late[j]![x0]!
          const routes = (i === x0 ? row.x0 : 0) + (i === j ? row.keep : 0) + (i < K ? row.uniform / K : row.mask)
          expect(Math.abs(routes - law)).toBeLessThan(1e-12)
        }
      }
    }
  })

  it('give thresholds within 2⁻³¹ of the routes, in order, settled before x₀ is known', () => {
    for (const { t, u } of pairs(process)) {
      const table = routeTable(process, t, u)
      const { masked, settled, differs, agrees } = routeThresholds(table)
      for (const [low, high] of [masked, settled, differs, agrees]) expect(low).toBeLessThanOrEqual(high)
      expect(settled[1]).toBeLessThanOrEqual(Math.min(differs[0], agrees[0]))
      const unit = 2 ** -31
      const keepIf = ([kept]: readonly [number, number]) => (settled[0] + kept - settled[1]) * unit
      expect(Math.abs(keepIf(differs) - table.differs.keep)).toBeLessThan(2 * unit)
      expect(Math.abs(keepIf(agrees) - table.agrees.keep - table.agrees.x0)).toBeLessThan(2 * unit)
      expect(Math.abs(masked[0] * unit - table.masked.mask)).toBeLessThan(unit)
      expect(Math.abs((2 ** 31 - differs[1]) * unit - table.differs.x0)).toBeLessThan(2 * unit)
      expect(Math.abs((2 ** 31 - masked[1]) * unit - table.masked.x0)).toBeLessThan(2 * unit)
    }
  })

  it('take x₀ for certain in the last step', () => {
    const { masked, agrees, differs } = routeTable(process, 5, -1)
    expect(masked.x0).toBeCloseTo(1, 13)
    expect(agrees.x0).toBeCloseTo(1, 13)
    // Without replacement a token that differs from x₀ cannot occur, and is kept.
    expect(process.replace[5]! > 0 ? differs.x0 : differs.keep).toBeCloseTo(1, 13)
  })
})

describe('limits', () => {
  it('probability 1 is the threshold 2³¹, above every 31-bit draw', () => {
    expect(threshold(1)).toBe(2 ** 31)
    expect(threshold(0)).toBe(0)
  })

  it('the mask is the share c̄ / (c̄ + K b̄) of the start', () => {
    expect(initialMaskProbability(schedules['absorbing only']!)).toBe(1)
    expect(initialMaskProbability(schedules['uniform only']!)).toBe(0)
    expect(initialMaskProbability(schedules['strong replacement']!)).toBeCloseTo(0.6 / (0.6 + 0.38), 12)
  })

  it('the list of timesteps cannot be changed from outside', () => {
    const process = new Process({ num_vec_classes: 9, num_train_timesteps: 10 })
    expect(() => (process.timesteps as number[]).reverse()).toThrow(TypeError)
    const list = [9, 4]
    process.setTimesteps(list, 'strided')
    list[0] = 2
    expect(() => (process.timesteps as number[]).pop()).toThrow(TypeError)
    expect(process.timesteps).toEqual([9, 4])
  })

  it('a schedule may have a million timesteps', () => {
    const config = readConfig({ num_vec_classes: 9, num_train_timesteps: 10 ** 6 })
    expect(createSchedule(config).keep).toHaveLength(10 ** 6 + 1)
    expect(scheduleTables(config).logCumprodAt.at(-1)).toBe(0)
  })

  it('a schedule whose ᾱ + γ̄ is 1 but for rounding has no replacement', () => {
    const { replace } = schedule({
      num_vec_classes: 5,
      num_train_timesteps: 9,
      alpha_cum_start: 0.9,
      alpha_cum_end: 0.1,
      gamma_cum_start: 0.1,
      gamma_cum_end: 0.9,
    })
    expect([...replace]).toEqual(Array.from({ length: 10 }, () => 0))
  })

  it('a uniform-only schedule has no mask to come from', () => {
    expect(routeTable(schedules['uniform only']!, 3, 2).maskPossible).toBe(false)
    expect(routeTable(schedules.default!, 3, 2).maskPossible).toBe(true)
  })

  it('a process gives the route table of a step', () => {
    const process = new Process({ num_vec_classes: 9 })
    expect(process.routeTable({ t: 5, u: 2 })).toEqual(routeTable(process.schedule, 5, 2))
    expect(() => process.routeTable({ t: 2, u: 5 })).toThrow(TimestepError)
    expect(() => process.routeTable(5 as never)).toThrow(OptionError)
  })

  it.each([0, -1, 11, 2.5, Number.NaN])('refuses %s inference steps of 10', (n) => {
    expect(() => stridedTimesteps(n, 10)).toThrow(OptionError)
  })

  it.each([
    [10, 9],
    [-1, -2],
    [0.5, -1],
    [3, 3],
    [3, -2],
  ])('refuses the step %s → %s', (t, u) => {
    expect(() => routeTable(schedules.default!, t, u)).toThrow(TimestepError)
    expect(() => posteriorCoefficients(schedules.default!, t, u)).toThrow(TimestepError)
  })
})
