import { expect, it } from 'vitest'
import { clearEagerly, totalCreated, watchCreations } from './device_watch'

const log: string[] = []

function fakeDevice(): GPUDevice {
  return Object.create({
    createBuffer: ({ mappedAtCreation }: GPUBufferDescriptor) => ({
      mapped: mappedAtCreation,
      unmap: () => log.push('unmap'),
    }),
    createBindGroup: () => 'a group',
    createCommandEncoder: () => 'an encoder',
  }) as GPUDevice
}

const descriptor = { size: 4, usage: 0 } as never

it('counts what is created while it watches, and hands it through', () => {
  const device = fakeDevice()
  const created = watchCreations(device, () => {
    expect(device.createBindGroup(descriptor)).toBe('a group')
    device.createCommandEncoder()
    for (let i = 0; i < 2; i++) expect(device.createBuffer(descriptor)).toMatchObject({ mapped: undefined })
  })
  device.createBuffer(descriptor)
  expect(created).toEqual({ createBuffer: 2, createBindGroup: 1 })
  expect(totalCreated(created)).toBe(3)
})

it('gives the buffers of some work, mapped and unmapped at once', () => {
  const device = fakeDevice()
  let made: unknown
  const buffers = clearEagerly(device, () => {
    made = device.createBuffer(descriptor)
  })
  expect(buffers).toEqual([made])
  expect(made).toMatchObject({ mapped: true })
  expect(log).toEqual(['unmap'])
})

it('leaves the device as it was, also when the work fails', () => {
  const device = fakeDevice()
  const fail = () => {
    throw new Error('no')
  }
  for (const watch of [watchCreations, clearEagerly]) expect(() => watch(device, fail)).toThrow('no')
  expect(Object.keys(device)).toEqual([])
})
