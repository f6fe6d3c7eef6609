import { beforeAll, expect, it, vi } from 'vitest'
import { LimitError } from '../errors'
import { GpuTensor } from './tensor'

beforeAll(() => {
  globalThis.GPUBufferUsage ??= { STORAGE: 128, COPY_DST: 8, COPY_SRC: 4 } as typeof GPUBufferUsage
})

/** A device that could bind more than kernels can index. */
const device = {
  limits: { maxBufferSize: 2 ** 40, maxStorageBufferBindingSize: 2 ** 40 },
  createBuffer: vi.fn(() => ({})),
  pushErrorScope: () => {},
  popErrorScope: async () => null,
} as unknown as GPUDevice
const buffer = { size: 2 ** 40, mapAsync: () => {}, mapState: 'unmapped', usage: 128 } as unknown as GPUBuffer

it('a tensor with more than 2³¹ elements, or a view that ends beyond them, is refused', () => {
  expect(() => GpuTensor.empty(device, [2 ** 16, 2 ** 15 + 1], 'f32')).toThrow(
    new LimitError(
      'A tensor of shape [65536, 32769] needs 2147549184 elements of a buffer; kernels count to 2147483648.',
    ),
  )
  expect(device.createBuffer).not.toHaveBeenCalled()
  expect(() => GpuTensor.borrow(device, buffer, [2], 'f16', 2 ** 31 - 1)).toThrow(LimitError)
  expect(GpuTensor.empty(device, [2 ** 16, 2 ** 15], 'f32').size).toBe(2 ** 31)
  expect(GpuTensor.borrow(device, buffer, [1], 'f16', 2 ** 31 - 1).offset).toBe(2 ** 31 - 1)
})
