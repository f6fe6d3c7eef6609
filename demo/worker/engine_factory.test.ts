import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import { EngineFactory } from './engine_factory'
import { StickerModel } from './sticker_model'

vi.mock('vq-diffusion-webgpu', async (original) => ({
  ...(await original<typeof import('vq-diffusion-webgpu')>()),
  requestDevice: vi.fn(),
}))

const { config } = await VQDiffusionScheduler.create({ num_vec_classes: 4097 })
const model = Uint8Array.of(0x08, 8, 0x3a, 0) // ir_version 8 and an empty graph
let destroyed: string[]

function fakeDevice(name: string) {
  let lose = () => {}
  const lost = new Promise<void>((resolve) => {
    lose = resolve
  })
  const device = { lost, createBuffer() {}, addEventListener() {}, destroy: () => destroyed.push(name) }
  return { device: device as unknown as GPUDevice, lose }
}

function factoryOf(create: () => Promise<unknown>, device?: GPUDevice): EngineFactory {
  const backend = { engine: 'webgpu', network: 'webgpu', adapter: '', features: [], explanation: '' } as const
  const ort = { InferenceSession: { create }, env: { webgpu: {} } } as unknown as OnnxRuntime
  const stickers = new StickerModel(
    { backend, ort, config, hash: '', loadEncoder: async () => model },
    { denoiser: model, denoiserWeights: new Uint8Array(), decoder: model },
  )
  return new EngineFactory({ backend, device, onGpuError() {} }, (device) => stickers.openEngine(device))
}

beforeEach(() => {
  // The second that a loss may take to be reported passes at once.
  vi.useFakeTimers().setTimerTickMode('nextTimerAsync')
  destroyed = []
  vi.mocked(requestDevice).mockReset().mockResolvedValue(fakeDevice('requested').device)
})

afterEach(() => vi.useRealTimers())

it('releases device and network if an engine cannot be created', async () => {
  const denoiser = { release: async () => destroyed.push('denoiser') }
  const create = vi.fn().mockResolvedValueOnce(denoiser).mockRejectedValueOnce(new Error('no memory'))
  await expect(factoryOf(create).createEngine()).rejects.toThrow('no memory')
  expect(destroyed).toEqual(['denoiser', 'requested'])
})

it('creates the first engine on the given device, and others on devices of their own', async () => {
  const factory = factoryOf(() => Promise.reject(new Error('no memory')), fakeDevice('given').device)
  await expect(factory.createEngine()).rejects.toThrow('no memory')
  await expect(factory.createEngine()).rejects.toThrow('no memory')
  expect(destroyed).toEqual(['given', 'requested'])
})

it('leaves out a given device that is lost while the model is loaded', async () => {
  const { device, lose } = fakeDevice('given')
  const factory = factoryOf(() => Promise.reject(new Error('no memory')), device)
  lose()
  await device.lost
  await expect(factory.createEngine()).rejects.toThrow('no memory')
  expect(destroyed).toEqual(['requested'])
})

it('rejects by name if the device is lost meanwhile', async () => {
  const { device, lose } = fakeDevice('given')
  const create = async () => {
    lose()
    throw new Error('no memory')
  }
  await expect(factoryOf(create, device).createEngine()).rejects.toMatchObject({ name: 'DeviceLostError' })
})
