import { beforeAll, expect, it } from 'vitest'
import { LimitError } from '../errors'
import { finiteLog, ParameterBuffer } from './parameters'
import type { Layout, Shader } from './shader'

beforeAll(() => {
  globalThis.GPUBufferUsage ??= { STORAGE: 128, COPY_DST: 8, COPY_SRC: 4 } as typeof GPUBufferUsage
})

const u32 = { scalar: 'u32', length: 1 } as const
const layout: Layout = {
  words: 4,
  fields: [
    ['count', 0, u32],
    ['scale', 1, { scalar: 'f32', length: 1 }],
    [
      'items',
      2,
      {
        stride: 4,
        element: {
          words: 4,
          fields: [
            ['seed', 0, { scalar: 'u32', length: 2 }],
            ['item', 2, u32],
          ],
        },
      },
    ],
  ],
}
const shader: Shader = {
  name: 'test',
  source: '',
  includes: {},
  bindings: { parameters: { binding: 0, type: 'read-only-storage', layout } },
}

function recordingDevice() {
  const created: { size: number }[] = []
  const writes: { buffer: unknown; words: number[] }[] = []
  const device = {
    limits: { maxStorageBufferBindingSize: 56 },
    createBuffer: ({ size }: { size: number }) => {
      created.push({ size })
      return { destroy() {} }
    },
    queue: {
      writeBuffer: (buffer: unknown, _: number, data: Uint32Array, start: number, count: number) =>
        writes.push({ buffer, words: [...data.slice(start, start + count)] }),
    },
  } as unknown as GPUDevice
  return { device, created, writes }
}
const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!
const item = (low: number) => ({ seed: [low, 2], item: 3 })

it('writes fields where the struct has them, whatever their order', () => {
  const { device, writes } = recordingDevice()
  const parameters = new ParameterBuffer(device, 'test', shader)
  parameters.upload({ items: [item(7), item(8)], scale: 2.5, count: 9 })
  expect(writes[0]!.words).toEqual([9, bits(2.5), 7, 2, 3, 0, 8, 2, 3, 0])
})

it('reuses its buffer, grows it if needed, and makes another one for a separate upload', () => {
  const { device, created, writes } = recordingDevice()
  const parameters = new ParameterBuffer(device, 'test', shader)
  const values = (items: number) => ({ count: 1, scale: 1, items: Array.from({ length: items }, () => item(1)) })
  const first = parameters.upload(values(2))
  expect(parameters.upload(values(1))).toBe(first)
  expect(writes[1]!.words).toHaveLength(6)
  expect(parameters.upload(values(2), true)).not.toBe(first)
  expect(parameters.upload(values(2))).toBe(first)
  expect(parameters.upload(values(3))).not.toBe(first)
  expect(created.map(({ size }) => size)).toEqual([40, 40, 56])
})

it('has room for one item if there is none, as a binding needs', () => {
  const { device, created } = recordingDevice()
  new ParameterBuffer(device, 'test', shader).upload({ count: 0, scale: 0, items: [] })
  expect(created).toEqual([{ size: 24 }])
})

it('refuses more items than the device can bind, with both numbers, before it writes', () => {
  const { device, created, writes } = recordingDevice()
  const parameters = new ParameterBuffer(device, 'test', shader)
  parameters.requireItems(3)
  for (const call of [
    () => parameters.requireItems(4),
    () => parameters.upload({ count: 1, scale: 1, items: [item(1), item(1), item(1), item(1)] }),
  ])
    expect(call).toThrow(new LimitError('The parameters of a batch of 4 (test) need 72 bytes; this device allows 56.'))
  expect([created, writes]).toEqual([[], []])
})

it('refuses a missing field by its name', () => {
  const { device, writes } = recordingDevice()
  const parameters = new ParameterBuffer(device, 'test', shader)
  expect(() => parameters.upload({ count: 1, items: [] })).toThrow(/'scale'/)
  expect(() => parameters.upload({ count: 1, scale: 1, items: [{ seed: [1, 2] }] })).toThrow(/'item'/)
  expect(writes).toEqual([])
})

it('log 0 is finite for WGSL', () => {
  expect(finiteLog(-Infinity)).toBe(-1e30)
  expect(finiteLog(NaN)).toBe(-1e30)
  expect(finiteLog(-3)).toBe(-3)
})
