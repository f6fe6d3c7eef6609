import { GpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import type { VQDiffusionSchedulerOptions } from '../../src/config'
import { Bench } from './bench'
import type { Fixtures, FloatTensor, TokenTensor } from './fixtures'

/** The GPU scheduler under test. */
export class KernelBench extends Bench<GpuTensor, VQDiffusionScheduler> {
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
