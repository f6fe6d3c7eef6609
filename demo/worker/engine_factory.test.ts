import { expect, it, vi } from 'vitest'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import { requestDeviceFor } from './backend'
import { EngineFactory } from './engine_factory'

vi.mock('./backend')

it('releases device and network if an engine cannot be created', async () => {
  const destroyed: string[] = []
  const device = { createBuffer() {}, addEventListener() {}, destroy: () => destroyed.push('device') }
  vi.mocked(requestDeviceFor).mockResolvedValue(device as unknown as GPUDevice)
  const denoiser = { release: async () => destroyed.push('denoiser') }
  const create = vi.fn().mockResolvedValueOnce(denoiser).mockRejectedValueOnce(new Error('no memory'))
  const factory = new EngineFactory(
    {
      hardware: { backend: { engine: 'webgpu', network: 'webgpu', explanation: '' }, adapter: '', features: [] },
      ort: { InferenceSession: { create }, env: { webgpu: {} } } as unknown as OnnxRuntime,
      config: (await VQDiffusionScheduler.create({ num_vec_classes: 4097 })).config,
      onGpuError() {},
    },
    { denoiser: new Uint8Array(), decoder: new Uint8Array() },
  )
  await expect(factory.createEngine()).rejects.toThrow('no memory')
  expect(destroyed).toEqual(['denoiser', 'device'])
})
