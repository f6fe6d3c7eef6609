import type { VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { FloatTensor, TokenTensor } from '../support/host_tensor'
import { Engine } from './engine'

/** The float64 twin under test. */
export class TwinEngine extends Engine<CpuTensor, VQDiffusionScheduler> {
  readonly draws = 2 ** 17

  upload({ data, shape }: FloatTensor | TokenTensor): CpuTensor {
    return new CpuTensor(data, shape)
  }

  protected create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(options)
  }
}
