import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** A tensor of a device that is not asked for anything, and how it was freed. */
async function borrowedTensor() {
  vi.resetModules()
  const { GpuTensor } = await import('./gpu/tensor')
  vi.stubGlobal('GPUBufferUsage', { STORAGE: 128 })
  const device = { limits: { maxStorageBufferBindingSize: 4 }, createBuffer: vi.fn() } as unknown as GPUDevice
  const buffer = { size: 4, usage: 128, mapState: 'unmapped', mapAsync: vi.fn() } as unknown as GPUBuffer
  return GpuTensor.borrow(device, buffer, [1], 'f32')
}

it('frees a tensor by Symbol.dispose, without a property of each tensor', async () => {
  const tensor = await borrowedTensor()
  expect(Object.getOwnPropertySymbols(tensor)).toEqual([])
  tensor[Symbol.dispose]()
  expect(tensor.destroyed).toBe(true)
})

it('frees a tensor by the symbol that compiled `using` looks for where there is no Symbol.dispose', async () => {
  const known = Symbol
  const substitute = Object.assign((name: string) => known(name), { for: known.for, iterator: known.iterator })
  vi.stubGlobal('Symbol', substitute)
  const tensor = await borrowedTensor()
  const method = Reflect.get(tensor, known.for('Symbol.dispose'))
  method.call(tensor)
  expect(tensor.destroyed).toBe(true)
})
