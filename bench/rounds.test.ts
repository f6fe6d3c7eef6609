import { expect, it } from 'vitest'
import type { Probe } from './probe'
import { sampleInRounds } from './rounds'

function fakeProbe(peer: string, log: string[], milliseconds = 0): Probe {
  return {
    peer,
    ...({ kind: 'ours', runsOn: 'WebGPU', phase: 'last step', timedBy: 'wall clock' } as const),
    warmUp: async () => {
      log.push(peer)
    },
    time: async () => {
      log.push(peer)
      const end = performance.now() + milliseconds
      while (performance.now() < end);
      return log.length
    },
    verify: async () => {},
  }
}

it('warms all up, then takes turns in alternating order', async () => {
  const log: string[] = []
  const [a, b] = [fakeProbe('a', log), fakeProbe('b', log)]
  const samples = await sampleInRounds([a, b], { secondsPerRow: 1000, fewestSamples: 1, mostSamples: 3 })
  expect(log.join('')).toBe('ab' + 'ab' + 'ba' + 'ab')
  expect(samples.get(a)).toEqual([3, 6, 7])
})

it('lets a slow one go while a quick one goes on', async () => {
  const log: string[] = []
  const [slow, quick] = [fakeProbe('s', log, 10), fakeProbe('q', log)]
  const samples = await sampleInRounds([slow, quick], { secondsPerRow: 0.0005, fewestSamples: 3, mostSamples: 5 })
  expect(samples.get(slow)).toHaveLength(1)
  expect(samples.get(quick)).toHaveLength(5)
})
