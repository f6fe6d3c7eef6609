import { GpuTensor } from 'vq-diffusion-webgpu'
import type { CaseData } from './case'
import type { Clock } from './clock'
import { Kernel } from './kernel'
import { rowNames } from './names'
import { type Probe, repeating } from './probe'
import { ReadOnce } from './read_once'
import copy from './shaders/copy.wgsl?raw'
import empty from './shaders/empty.wgsl?raw'
import { allocate } from './size_data'
import { CheckError } from './tokens'

const common = { kind: 'floor', runsOn: 'WebGPU', phase: 'any step' } as const

/** What no step on this device can go below, and what its memory gives. */
export class Floors {
  private constructor(
    private readonly data: CaseData,
    private readonly clock: Clock,
    private readonly readOnce: ReadOnce,
    /** Where one half of the logits is copied to. */
    private readonly copied: GPUBuffer,
    private readonly kernels: { readonly copy: Kernel; readonly empty: Kernel },
  ) {}

  static async create(data: CaseData, clock: Clock): Promise<Floors> {
    const { device, conditional, unconditional } = data
    const logits = [conditional.buffer, ...(unconditional ? [unconditional.buffer] : [])]
    const copied = await allocate(device, 'bench/copy', conditional.buffer.size)
    const readOnce = await ReadOnce.create(device, clock, logits)
    return new Floors(data, clock, readOnce, copied, {
      copy: await Kernel.compile(device, 'bench/copy', copy, {}, ['read-only-storage', 'storage']),
      empty: await Kernel.compile(device, 'bench/empty', empty, {}, []),
    })
  }

  probes(): Probe[] {
    return [this.readOnceProbe(), ...this.copyProbes(), this.emptyProbe()]
  }

  destroy(): void {
    this.readOnce.destroy()
    this.copied.destroy()
  }

  /** Both halves, where there are two. */
  private readOnceProbe(): Probe {
    const timing = repeating((times) => this.clock.timeCommands((encoder) => this.readOnce.record(encoder, times)))
    const verify = () => this.readOnce.verify()
    return { ...common, peer: rowNames.readOnce, timedBy: this.clock.timedBy, ...timing, verify }
  }

  /** One half: read and written, in both ways that there are. Neither is always the faster. */
  private copyProbes(): Probe[] {
    const { copied, kernels } = this
    const { device, conditional } = this.data
    const bindings = kernels.copy.bind(conditional.buffer, copied)
    const workgroups = Math.min(65535, Math.ceil(copied.size / 16 / 256))
    const byKernel = (encoder: GPUCommandEncoder) => {
      const pass = encoder.beginComputePass({ label: 'bench/copy' })
      kernels.copy.dispatch(pass, bindings, workgroups)
      pass.end()
    }
    const byCommand = (encoder: GPUCommandEncoder) =>
      encoder.copyBufferToBuffer(conditional.buffer, 0, copied, 0, copied.size)
    const verify = async () => {
      const words = Math.min(1024, copied.size / 4)
      const end = (buffer: GPUBuffer) =>
        GpuTensor.borrow(device, buffer, [words], 'u32', copied.size / 4 - words).read()
      const [a, b] = [await end(conditional.buffer), await end(copied)]
      if (a.some((word, i) => word !== b[i])) throw new CheckError('the copy of the logits is not a copy')
    }
    const probe = (peer: string, record: (encoder: GPUCommandEncoder) => void): Probe => {
      const timing = repeating((times) =>
        this.clock.timeCommands((encoder) => {
          for (let i = 0; i < times; i++) record(encoder)
        }),
      )
      return { ...common, peer, timedBy: this.clock.timedBy, ...timing, verify }
    }
    return [probe(rowNames.copyByKernel, byKernel), probe(rowNames.copyByCommand, byCommand)]
  }

  /** By the wall, each waited for: there is nothing to time on the GPU. */
  private emptyProbe(): Probe {
    const { device } = this.data
    const { empty } = this.kernels
    const bindings = empty.bind()
    const timing = repeating(async (times) => {
      await device.queue.onSubmittedWorkDone()
      const begun = performance.now()
      for (let i = 0; i < times; i++) {
        const encoder = device.createCommandEncoder({ label: 'bench/empty' })
        const pass = encoder.beginComputePass({ label: 'bench/empty' })
        empty.dispatch(pass, bindings, 1)
        pass.end()
        device.queue.submit([encoder.finish()])
        await device.queue.onSubmittedWorkDone()
      }
      return (performance.now() - begun) * 1000
    })
    return { ...common, peer: rowNames.empty, timedBy: 'wall clock', ...timing, verify: async () => {} }
  }
}
