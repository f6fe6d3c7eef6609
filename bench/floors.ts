import { GpuTensor } from 'vq-diffusion-webgpu'
import type { CaseData } from './case'
import type { Clock } from './clock'
import { Kernel } from './kernel'
import { rowNames } from './names'
import { type Probe, repeating } from './probe'
import { ReadOnce } from './read_once'
import empty from './shaders/empty.wgsl?raw'
import { allocate } from './size_data'
import { CheckError } from './tokens'

const common = { kind: 'floor', runsOn: 'WebGPU', phase: 'any step' } as const

/** What no step on this device can go below, and what its memory gives. */
export class Floors {
  readonly #readOnce: ReadOnce
  readonly #copy: GPUBuffer

  private constructor(
    private readonly data: CaseData,
    private readonly clock: Clock,
    readOnce: ReadOnce,
    copy: GPUBuffer,
    private readonly empty: Kernel,
  ) {
    this.#readOnce = readOnce
    this.#copy = copy
  }

  static async create(data: CaseData, clock: Clock): Promise<Floors> {
    const { device, conditional, unconditional } = data
    const logits = [conditional.buffer, ...(unconditional ? [unconditional.buffer] : [])]
    const copy = await allocate(device, 'bench/copy', conditional.buffer.size)
    const readOnce = await ReadOnce.create(device, clock, logits)
    return new Floors(data, clock, readOnce, copy, await Kernel.compile(device, 'bench/empty', empty, {}, []))
  }

  probes(): Probe[] {
    return [this.readOnceProbe(), this.copyProbe(), this.emptyProbe()]
  }

  destroy(): void {
    this.#readOnce.destroy()
    this.#copy.destroy()
  }

  /** Both halves, where there are two. */
  private readOnceProbe(): Probe {
    const timing = repeating((times) => this.clock.timeCommands((encoder) => this.#readOnce.record(encoder, times)))
    const verify = () => this.#readOnce.verify()
    return { ...common, peer: rowNames.readOnce, timedBy: this.clock.timedBy, ...timing, verify }
  }

  /** One half: read and written. */
  private copyProbe(): Probe {
    const { device, conditional } = this.data
    const timing = repeating((times) =>
      this.clock.timeCommands((encoder) => {
        for (let i = 0; i < times; i++)
          encoder.copyBufferToBuffer(conditional.buffer, 0, this.#copy, 0, this.#copy.size)
      }),
    )
    const verify = async () => {
      const words = Math.min(1024, this.#copy.size / 4)
      const end = (buffer: GPUBuffer) =>
        GpuTensor.borrow(device, buffer, [words], 'u32', this.#copy.size / 4 - words).read()
      const [a, b] = [await end(conditional.buffer), await end(this.#copy)]
      if (a.some((word, i) => word !== b[i])) throw new CheckError('the copy of the logits is not a copy')
    }
    return { ...common, peer: rowNames.copy, timedBy: this.clock.timedBy, ...timing, verify }
  }

  /** By the wall, each waited for: there is nothing to time on the GPU. */
  private emptyProbe(): Probe {
    const { device } = this.data
    const bindings = this.empty.bind()
    const timing = repeating(async (times) => {
      await device.queue.onSubmittedWorkDone()
      const begun = performance.now()
      for (let i = 0; i < times; i++) {
        const encoder = device.createCommandEncoder({ label: 'bench/empty' })
        const pass = encoder.beginComputePass({ label: 'bench/empty' })
        this.empty.dispatch(pass, bindings, 1)
        pass.end()
        device.queue.submit([encoder.finish()])
        await device.queue.onSubmittedWorkDone()
      }
      return (performance.now() - begun) * 1000
    })
    return { ...common, peer: rowNames.empty, timedBy: 'wall clock', ...timing, verify: async () => {} }
  }
}
