import { describe, expect, it } from 'vitest'
import { overrideConfig, readConfig, validateConfig, writeConfig } from './config'
import { VQDiffusionScheduler } from './cpu'
import { ConfigError } from './errors'

const K8 = { num_vec_classes: 9 }

describe('reading a configuration', () => {
  it('fills in the reference’s defaults', () => {
    expect(readConfig(K8)).toEqual({
      num_vec_classes: 9,
      num_train_timesteps: 100,
      alpha_cum_start: 0.99999,
      alpha_cum_end: 0.000009,
      gamma_cum_start: 0.000009,
      gamma_cum_end: 0.99999,
    })
  })

  it('drops keys that start with "_", keeps unknown ones, and freezes the result', () => {
    const config = readConfig({ ...K8, _class_name: 'Other', clip_sample: true })
    expect(config).toHaveProperty('clip_sample', true)
    expect(config).not.toHaveProperty('_class_name')
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('keeps the file’s values where an override is undefined', () => {
    const config = overrideConfig({ ...K8, num_train_timesteps: 50 }, { num_train_timesteps: undefined } as object)
    expect(config.num_train_timesteps).toBe(50)
  })

  it('takes nothing from a malicious file', () => {
    const json = JSON.parse('{"num_vec_classes": 9, "__proto__": {"polluted": true}, "constructor": {"prototype": {}}}')
    const config = readConfig(json)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype)
  })

  it('takes a scheduler, what it writes, and its configuration, with the keys of its file', async () => {
    const scheduler = await VQDiffusionScheduler.fromConfig({ ...K8, num_train_timesteps: 50, clip_sample: true })
    for (const given of [scheduler, scheduler.toJSON(), scheduler.config]) {
      expect(readConfig(given)).toEqual(scheduler.config)
      expect((await VQDiffusionScheduler.fromConfig(given)).config).toEqual(scheduler.config)
    }
    for (const given of [scheduler, scheduler.config])
      expect((await VQDiffusionScheduler.create(given as never)).config).toEqual(scheduler.config)
    expect(overrideConfig(scheduler, { num_train_timesteps: 20 }).num_train_timesteps).toBe(20)
  })

  it('is total: T = 1 is read', () => {
    expect(readConfig({ ...K8, num_train_timesteps: 1 }).num_train_timesteps).toBe(1)
  })

  it('survives being written and read again', () => {
    const config = readConfig({ ...K8, gamma_cum_end: 0.9, extra: [1] })
    const written = writeConfig(config)
    expect(readConfig(JSON.parse(JSON.stringify(written)))).toEqual(config)
    expect(Object.keys(written)).toEqual(Object.keys(written).sort())
  })

  it('keeps a copy of class_range, which comes back from a file', () => {
    const class_range: [number, number][] = [
      [0, 3],
      [4, 7],
    ]
    const config = readConfig({ ...K8, class_range })
    class_range[0]![1] = 9
    class_range.pop()
    expect(config.class_range).toEqual([
      [0, 3],
      [4, 7],
    ])
    expect(readConfig(JSON.parse(JSON.stringify(writeConfig(config))))).toEqual(config)
    expect(Object.isFrozen(config.class_range) && Object.isFrozen(config.class_range![0])).toBe(true)
  })

  it.each([[null], [[]], ['text'], [42], [{}], [{ num_train_timesteps: 100 }]])('refuses %j', (json) => {
    expect(() => readConfig(json)).toThrow(ConfigError)
  })
})

describe('validation', () => {
  it.each([
    ['the defaults', {}],
    ['an absorbing schedule', { alpha_cum_start: 0.9, alpha_cum_end: 0.1, gamma_cum_start: 0.1, gamma_cum_end: 0.9 }],
    ['a uniform schedule', { gamma_cum_start: 0, gamma_cum_end: 0 }],
    ['ends of exactly 0 and 1', { alpha_cum_end: 0, gamma_cum_end: 1 }],
    ['two classes and two timesteps', { num_vec_classes: 2, num_train_timesteps: 2 }],
    [
      'ranges of one class and of all',
      {
        class_range: [
          [7, 7],
          [0, 7],
          [0, 0],
        ],
      },
    ],
    ['a sum above 1 by rounding', { alpha_cum_start: 0.9 + 1e-13, gamma_cum_start: 0.1 }],
  ])('accepts %s', (_, options) => {
    expect(() => validateConfig(readConfig({ ...K8, ...options }))).not.toThrow()
  })

  it.each([
    [{ num_vec_classes: 1 }, /num_vec_classes .* at least 2 .*; given 1/],
    [{ num_vec_classes: 2 ** 25 }, /at most 16777216; given 33554432/],
    [{ num_train_timesteps: 1e12 }, /at most 1000000; given 1000000000000/],
    [{ num_vec_classes: 4096.5 }, /num_vec_classes/],
    [{ num_vec_classes: '4097' }, /given "4097"/],
    [{ num_train_timesteps: 1 }, /num_train_timesteps .* at least 2 .*; given 1/],
    [{ alpha_cum_start: 1.1 }, /alpha_cum_start .* from 0 to 1; given 1.1/],
    [{ alpha_cum_start: Number.NaN }, /alpha_cum_start/],
    [{ gamma_cum_end: -0.1 }, /gamma_cum_end/],
    [{ gamma_cum_end: '0.9' }, /gamma_cum_end/],
    [{ alpha_cum_start: 0.9, gamma_cum_start: 0.2 }, /alpha_cum_start \+ gamma_cum_start .* at most 1/],
    [{ alpha_cum_end: 0.5, gamma_cum_end: 0.6 }, /alpha_cum_end \+ gamma_cum_end/],
    [{ alpha_cum_start: 0, alpha_cum_end: 0 }, /alpha_cum_start needs to be above 0/],
    [{ alpha_cum_start: 0.5, alpha_cum_end: 0.6, gamma_cum_end: 0.1 }, /must not grow/],
    [{ alpha_cum_start: 0.5, gamma_cum_start: 0.5, gamma_cum_end: 0.4 }, /must not grow/],
    [{ alpha_cum_start: 1, alpha_cum_end: 1, gamma_cum_start: 0, gamma_cum_end: 0 }, /adds no noise/],
    [{ alpha_cum_start: 0.5, alpha_cum_end: 0.4, gamma_cum_start: 0.1, gamma_cum_end: 0.59 }, /must not fall/],
    [{ class_range: [] }, /a pair \[first, last\] for each latent pixel; given \[\]/],
    [{ class_range: { 0: [0, 1] } }, /class_range needs to be a list/],
    [{ class_range: null }, /class_range needs to be a list .*; given null/],
    [
      {
        class_range: [
          [0, 1],
          [2, 8],
        ],
      },
      /0 ≤ first ≤ last ≤ 7; given \[2, 8\] for latent pixel 1/,
    ],
    [{ class_range: [[3, 2]] }, /given \[3, 2\] for latent pixel 0/],
    [{ class_range: [[-1, 2]] }, /given \[-1, 2\]/],
    [{ class_range: [[0, 1.5]] }, /given \[0, 1\.5\]/],
    [{ class_range: [[0, 1, 2]] }, /given \[0, 1, 2\]/],
    [{ class_range: [['0', 1]] }, /given \["0", 1\]/],
    [{ class_range: [[0, 1], 5] }, /given 5 for latent pixel 1/],
    [{ class_range: new Array(2) }, /given undefined for latent pixel 0/],
  ])('refuses %j', (options, message) => {
    const config = readConfig({ ...K8, ...options })
    expect(() => validateConfig(config)).toThrow(ConfigError)
    expect(() => validateConfig(config)).toThrow(message)
  })
})
