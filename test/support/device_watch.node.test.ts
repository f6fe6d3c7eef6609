import { expect, it } from 'vitest'
import { watchCreations } from './device_watch'

function fakeDevice(): GPUDevice {
  return Object.create({
    createBuffer: () => 'a buffer',
    createBindGroup: () => 'a group',
    createCommandEncoder: () => 'an encoder',
  }) as GPUDevice
}

const descriptor = { size: 4, usage: 0 } as never

it('counts what is created meanwhile and returns it to the caller', () => {
  const device = fakeDevice()
  const created = watchCreations(device, () => {
    expect(device.createBindGroup(descriptor)).toBe('a group')
    device.createCommandEncoder()
    for (let i = 0; i < 2; i++) expect(device.createBuffer(descriptor)).toBe('a buffer')
  })
  device.createBuffer(descriptor)
  expect(created).toEqual({ createBuffer: 2, createBindGroup: 1 })
})

it('leaves the device unchanged, also when the work fails', () => {
  const device = fakeDevice()
  const fail = () => {
    throw new Error('no')
  }
  expect(() => watchCreations(device, fail)).toThrow('no')
  expect(Object.keys(device)).toEqual([])
})
