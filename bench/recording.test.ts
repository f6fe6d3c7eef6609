import { expect, it } from 'vitest'
import { Recording } from './recording'

/** Writes down what is recorded into it. */
function fakeEncoder(log: unknown[][]): GPUCommandEncoder {
  const say =
    (name: string) =>
    (...given: unknown[]) =>
      void log.push([name, ...given])
  const names = ['setPipeline', 'setBindGroup', 'dispatchWorkgroups', 'end']
  const pass = Object.fromEntries(names.map((name) => [name, say(name)]))
  const beginComputePass = () => {
    log.push(['begin'])
    return pass
  }
  return { beginComputePass } as unknown as GPUCommandEncoder
}

it('records again what was recorded once', () => {
  const record = (encoder: GPUCommandEncoder) => {
    for (const [pipeline, group] of [
      ['a', 'x'],
      ['b', 'y'],
    ] as unknown as [GPUComputePipeline, GPUBindGroup][]) {
      const pass = encoder.beginComputePass()
      pass.setPipeline(pipeline)
      for (const count of [1, 2]) {
        pass.setBindGroup(0, group)
        pass.dispatchWorkgroups(count, 3)
      }
      pass.end()
    }
  }
  const recording = new Recording(record)
  const [replayed, dispatches] = [
    [] as unknown[][],
    (log: unknown[][]) => log.filter(([name]) => name !== 'setPipeline'),
  ]
  for (let i = 0; i < 2; i++) recording.replay(fakeEncoder(replayed))
  const once: unknown[][] = []
  record(fakeEncoder(once))
  expect(dispatches(replayed)).toEqual(dispatches([...once, ...once]))
  // Each dispatch sets its pipeline.
  expect(replayed.filter(([name]) => name === 'setPipeline').map(([, pipeline]) => pipeline)).toEqual([
    ...['a', 'a', 'b', 'b', 'a', 'a', 'b', 'b'],
  ])
})

it('refuses commands that it would lose', () => {
  expect(() => new Recording((encoder) => encoder.clearBuffer({} as GPUBuffer))).toThrow(TypeError)
})
