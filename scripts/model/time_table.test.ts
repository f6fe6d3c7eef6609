import { expect, it } from 'vitest'
import { timeTable } from './time_table.mjs'

const tensor = (dims: number[], values: Int8Array | Float32Array) => ({ dims, values })

it('is what the layers make of the waves of every timestep', () => {
  const { dims, values } = timeTable({
    frequencies: tensor([1, 1], Float32Array.of(1)),
    hidden: {
      rows: tensor([2, 2], Int8Array.of(1, 0, 0, 2)),
      scale: tensor([2], Float32Array.of(0.5, 1)),
      bias: tensor([2], Float32Array.of(0, 1)),
    },
    output: {
      rows: tensor([2, 2], Int8Array.of(1, 1, -1, 0)),
      scale: tensor([2], Float32Array.of(1, 2)),
      bias: tensor([2], Float32Array.of(3, 0)),
    },
    numTimesteps: 2,
    parts: 2,
  })
  const silu = (x: number) => x / (1 + Math.exp(-x))
  const expected = [0, 1].flatMap((t) => {
    const [first, second] = [silu(0.5 * Math.cos(t)), silu(1 + 2 * Math.sin(t))]
    return [3 + first + 2 * second, -first]
  })
  expect(dims).toEqual([2, 2, 1])
  for (const [i, value] of expected.entries()) expect(values[i]).toBeCloseTo(value, 6)
})
