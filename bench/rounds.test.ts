import { expect, it } from 'vitest'
import type { Probe } from './probe'
import { sampleInRounds } from './rounds'

/** Milliseconds that only the fake probes spend. */
let time = 0

function fakeProbe(peer: string, log: string[], milliseconds = 0): Probe {
  return {
    peer,
    ...({ kind: 'ours', runsOn: 'WebGPU', phase: 'last step', timedBy: 'wall clock' } as const),
    warmUp: async () => {
      log.push(peer)
    },
    time: async () => {
      time += milliseconds
      return log.push(peer)
    },
    verify: async () => {},
  }
}

const sample = (probes: Probe[], fewestSamples: number, mostSamples: number) =>
  sampleInRounds(probes, { secondsPerRow: 0.01, fewestSamples, mostSamples }, () => time)

it('warms all up, then takes turns in alternating order', async () => {
  const log: string[] = []
  const [a, b] = [fakeProbe('a', log), fakeProbe('b', log)]
  const samples = await sample([a, b], 1, 3)
  expect(log.join('')).toBe('ab' + 'ab' + 'ba' + 'ab')
  expect(samples.get(a)).toEqual([3, 6, 7])
})

it('lets slow ones go while a quick one goes on', async () => {
  const log: string[] = []
  const [quick, slow, slower] = [fakeProbe('q', log), fakeProbe('s', log, 11), fakeProbe('t', log, 81)]
  const samples = await sample([quick, slow, slower], 3, 5)
  expect([quick, slow, slower].map((probe) => samples.get(probe)!.length)).toEqual([5, 3, 1])
})
