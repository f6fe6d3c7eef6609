import { expect, it, vi } from 'vitest'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import { deviceFor } from './backend'
import { Workshop } from './engine_factory'

vi.mock('./backend')

it('keeps neither device nor network of an engine that could not be made', async () => {
  const destroyed: string[] = []
  const device = { createBuffer() {}, addEventListener() {}, destroy: () => destroyed.push('device') }
  vi.mocked(deviceFor).mockResolvedValue(device as unknown as GPUDevice)
  const denoiser = { release: async () => destroyed.push('denoiser') }
  const create = vi.fn().mockResolvedValueOnce(denoiser).mockRejectedValueOnce(new Error('no memory'))
  const workshop = new Workshop(
    {
      hardware: { backend: { engine: 'webgpu', network: 'webgpu', explanation: '' }, adapter: '', features: [] },
      ort: { InferenceSession: { create }, env: { webgpu: {} } } as unknown as OnnxRuntime,
      schedule: await VQDiffusionScheduler.create({ num_vec_classes: 4097 }),
      onFailure() {},
    },
    { denoiser: new Uint8Array(), decoder: new Uint8Array() },
  )
  await expect(workshop.createEngine()).rejects.toThrow('no memory')
  expect(destroyed).toEqual(['denoiser', 'device'])
})
