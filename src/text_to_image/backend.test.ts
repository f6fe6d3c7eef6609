import { afterEach, describe, expect, it, vi } from 'vitest'
import { OptionError } from '../errors'
import { requestBackend } from './backend'

function offer(requestDevice: () => Promise<unknown>): void {
  const adapter = { info: { vendor: 'acme' }, features: new Set(), limits: {}, requestDevice }
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } })
}

afterEach(() => vi.unstubAllGlobals())

describe('requestBackend', () => {
  it('has a device for what runs on WebGPU', async () => {
    const device = { lost: new Promise(() => {}) }
    offer(async () => device)
    expect(await requestBackend()).toMatchObject({ backend: { engine: 'webgpu', network: 'webgpu' }, device })
    const networks = await requestBackend({ engine: 'cpu', network: 'webgpu' })
    expect(networks).toMatchObject({ backend: { engine: 'cpu', network: 'webgpu' }, device })
  })

  it('requests no device for the CPU', async () => {
    const requestDevice = vi.fn()
    offer(requestDevice)
    const { backend, device } = await requestBackend({ engine: 'cpu', network: 'wasm' })
    expect(backend).toMatchObject({ engine: 'cpu', network: 'wasm', adapter: 'acme', explanation: '' })
    expect(device).toBeUndefined()
    expect(requestDevice).not.toHaveBeenCalled()
  })

  it.each([
    [
      'refused',
      async () => Promise.reject(new DOMException('Too many devices.', 'OperationError')),
      'Too many devices',
    ],
    ['missing', async () => null, 'the graphics driver may be missing, blocked or out of date'],
    ['lost at once', async () => ({ lost: Promise.resolve({ message: 'Gone.' }) }), 'it was lost at once. Gone'],
  ])('is the CPU if the device is %s, and says why', async (_, requestDevice, reason) => {
    offer(requestDevice)
    const { backend, device } = await requestBackend({ engine: 'webgpu', network: 'webgpu' })
    expect(backend).toEqual({
      engine: 'cpu',
      network: 'wasm',
      adapter: '',
      features: [],
      explanation: `WebGPU gave no device (${reason}). Everything runs on the CPU instead, only slower.`,
    })
    expect(device).toBeUndefined()
  })

  it('rejects an unknown choice', async () => {
    await expect(requestBackend({ engine: 'gpu' as never })).rejects.toThrow(OptionError)
  })
})
