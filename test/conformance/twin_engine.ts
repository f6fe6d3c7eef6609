import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { VQDiffusionSchedulerOptions } from '../../src/config'
import { Bench } from './bench'
import type { FloatTensor, TokenTensor } from './fixtures'

/** The float64 twin under test. */
export class TwinBench extends Bench<CpuTensor, VQDiffusionScheduler> {
  upload({ data, shape }: FloatTensor | TokenTensor): CpuTensor {
    return new CpuTensor(data, shape)
  }

  protected create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(options)
  }
}
