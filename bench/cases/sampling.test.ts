import { expect, it } from 'vitest'
import { contestants } from '../report/results'
import { type Probe, sampleInRounds } from './sampling'

/** Milliseconds that only the fake probes spend. */
let time = 0

/** Too slow to be repeated within a sample. */
function fakeProbe(name: string, log: string[], milliseconds = 0): Probe {
  const run = async () => {
    time += milliseconds
    return log.push(name) + 1e6
  }
  return { ...contestants.ours, phase: 'last step', timed_by: 'wall clock', run, verify: async () => {} }
}

/** Of rows that have ten milliseconds. */
const sample = async (probes: Probe[]) => (await sampleInRounds(probes, 0.01, () => time)).map(({ samples }) => samples)

it('warms all up, then takes turns in alternating order', async () => {
  const log: string[] = []
  const [first] = await sample([fakeProbe('a', log, 5), fakeProbe('b', log, 5)])
  expect(log.join('')).toBe('ab' + 'ab' + 'ba' + 'ab')
  expect(first).toEqual([1e6 + 3, 1e6 + 6, 1e6 + 7])
})

it('lets slow probes leave while a quick one goes on', async () => {
  const log: string[] = []
  const samples = await sample([fakeProbe('q', log), fakeProbe('s', log, 11), fakeProbe('t', log, 81)])
  expect(samples.map(({ length }) => length)).toEqual([50, 3, 1])
})

it('repeats quick work within a sample and gives the time of one step', async () => {
  const run = async (times: number) => times * 100
  const [samples] = await sample([{ ...fakeProbe('a', []), steps: 4, run }])
  expect(new Set(samples)).toEqual(new Set([25]))
})
