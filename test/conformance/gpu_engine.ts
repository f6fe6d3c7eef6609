import { GpuTensor, VQDiffusionScheduler, type VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import type { FloatTensor, TokenTensor } from '../support/host_tensor'
import { Engine } from './engine'
import type { Fixtures } from './fixtures'

/** The GPU scheduler under test. */
export class GpuEngine extends Engine<GpuTensor, VQDiffusionScheduler> {
  readonly draws = 2 ** 13

  constructor(
    readonly device: GPUDevice,
    fixtures: Fixtures,
  ) {
    super(fixtures)
  }

  upload({ data, shape }: FloatTensor | TokenTensor): GpuTensor {
    return GpuTensor.from(this.device, data as Float32Array, shape, 'conformance')
  }

  protected create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(this.device, options)
  }
}
