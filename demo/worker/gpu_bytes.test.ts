import { expect, it } from 'vitest'
import { countGpuBytes } from './gpu_bytes'

it('counts each buffer once until it is destroyed', () => {
  const destroyed: number[] = []
  const device = {
    createBuffer: ({ size }: GPUBufferDescriptor) => ({ size, destroy: () => destroyed.push(size) }),
  } as unknown as GPUDevice
  const bytes = countGpuBytes(device)
  const [a, b] = [100, 20].map((size) => device.createBuffer({ size, usage: 0 }))
  expect(bytes()).toBe(120)
  a!.destroy()
  a!.destroy()
  expect(bytes()).toBe(20)
  b!.destroy()
  expect(bytes()).toBe(0)
  expect(destroyed).toEqual([100, 100, 20])
})
