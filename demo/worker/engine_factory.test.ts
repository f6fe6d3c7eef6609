import { expect, it, vi } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import { EngineFactory } from './engine_factory'

vi.mock('vq-diffusion-webgpu', async (original) => ({
  ...(await original<typeof import('vq-diffusion-webgpu')>()),
  requestDevice: vi.fn(),
}))

it('releases device and network if an engine cannot be created', async () => {
  const destroyed: string[] = []
  const device = { createBuffer() {}, addEventListener() {}, destroy: () => destroyed.push('device') }
  vi.mocked(requestDevice).mockResolvedValue(device as unknown as GPUDevice)
  const denoiser = { release: async () => destroyed.push('denoiser') }
  const create = vi.fn().mockResolvedValueOnce(denoiser).mockRejectedValueOnce(new Error('no memory'))
  const model = Uint8Array.of(0x08, 8, 0x3a, 0) // ir_version 8 and an empty graph
  const factory = new EngineFactory(
    {
      backend: { engine: 'webgpu', network: 'webgpu', adapter: '', features: [], explanation: '' },
      ort: { InferenceSession: { create }, env: { webgpu: {} } } as unknown as OnnxRuntime,
      config: (await VQDiffusionScheduler.create({ num_vec_classes: 4097 })).config,
      onGpuError() {},
    },
    { denoiser: model, decoder: model },
  )
  await expect(factory.createEngine()).rejects.toThrow('no memory')
  expect(destroyed).toEqual(['denoiser', 'device'])
})
