import { expect, it } from 'vitest'
import { Recording } from './recording'

/** Writes down what is recorded into it. */
function fakeEncoder(log: unknown[][]): GPUCommandEncoder {
  const write =
    (name: string) =>
    (...given: unknown[]) =>
      void log.push([name, ...given])
  const names = ['setPipeline', 'setBindGroup', 'dispatchWorkgroups', 'end']
  const beginComputePass = () => {
    log.push(['begin'])
    return Object.fromEntries(names.map((name) => [name, write(name)]))
  }
  return { beginComputePass } as unknown as GPUCommandEncoder
}

function record(encoder: GPUCommandEncoder): void {
  for (const name of ['a', 'b']) {
    const pass = encoder.beginComputePass()
    pass.setPipeline(name as unknown as GPUComputePipeline)
    for (const count of [1, 2]) {
      pass.setBindGroup(0, name as unknown as GPUBindGroup)
      pass.dispatchWorkgroups(count, 3)
    }
    pass.end()
  }
}

it('records again what was recorded once', () => {
  const recording = new Recording(record)
  const replayed: unknown[][] = []
  for (let i = 0; i < 2; i++) recording.replay(fakeEncoder(replayed))
  const once: unknown[][] = []
  record(fakeEncoder(once))
  expect(once).toHaveLength(14)
  expect(replayed).toEqual([...once, ...once])
})

it('refuses commands that it would lose', () => {
  expect(() => new Recording((encoder) => encoder.clearBuffer({} as GPUBuffer))).toThrow(TypeError)
})
