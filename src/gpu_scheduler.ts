import type { VQDiffusionSchedulerOptions } from './config'
import { dispose } from './dispose'
import { DestroyedError, DeviceLostError, OptionError } from './errors'
import { asGpuTensor } from './interop'
import { Kernels, type KernelVariant, workgroupsFor } from './kernels'
import { ParameterBuffer } from './parameters'
import { SchedulerBase } from './scheduler_base'
import { type Faults, requireDtype, requireShape } from './step_options'
import { GpuTensor } from './tensor'

/** What a scheduler on a device has beneath its operators: the device's fate, tokens, counters, submission. */
export abstract class GpuScheduler extends SchedulerBase {
  protected readonly kernels: Kernels
  /** Parameters of the operators that have no buffer of their own. */
  protected readonly parameters: ParameterBuffer
  /** [invalid columns, impossible tokens] */
  protected readonly faults: GpuTensor
  readonly #owned: { destroy(): void }[] = []
  #destroyed = false

  protected constructor(
    readonly device: GPUDevice,
    options: VQDiffusionSchedulerOptions,
  ) {
    super(options)
    this.kernels = new Kernels(device)
    this.parameters = this.own(new ParameterBuffer(device, 'vqd/scheduler/parameters'))
    this.faults = this.own(GpuTensor.empty(device, [2], 'u32', 'vqd/scheduler/faults'))
  }

  /** Uploads tokens into a new tensor u32 [B, N]. Throws TokenRangeError unless all are integers from 0 to C − 1. */
  uploadTokens(
    tokens: ArrayLike<number>,
    shape: readonly [batchSize: number, numLatentPixels: number],
  ): GpuTensor<'u32'> {
    this.assertUsable()
    return GpuTensor.from(this.device, this.requireTokens(tokens), shape, 'vqd/sample')
  }

  /** A new tensor of zeros for `out`, `predOriginalSample` or `faults`, u32. */
  emptyTokens(shape: readonly number[]): GpuTensor {
    this.assertUsable()
    return GpuTensor.empty(this.device, shape, 'u32', 'vqd/tokens')
  }

  /** Resolves when what was enqueued so far has run. */
  finished(): Promise<void> {
    return this.device.queue.onSubmittedWorkDone()
  }

  /** What work without counters of its own could not use since this was last asked; waits for the GPU. */
  async readFaults(): Promise<Faults> {
    this.assertUsable()
    const reading = this.faults.read()
    this.faults.write(new Uint32Array(2))
    const [invalidColumns = 0, impossibleTokens = 0] = await reading
    return { invalidColumns, impossibleTokens }
  }

  /** Frees the scheduler's own buffers; tensors it returned stay valid. Idempotent. */
  destroy(): void {
    this.#destroyed = true
    for (const resource of this.#owned.splice(0)) resource.destroy()
  }

  [dispose](): void {
    this.destroy()
  }

  /** Has `destroy` free this too. */
  protected own<T extends { destroy(): void }>(resource: T): T {
    this.#owned.push(resource)
    return resource
  }

  /** The counters given, checked, or the scheduler's own. */
  protected faultsOf(given: GpuTensor | undefined): GpuTensor {
    if (!given) return this.faults
    const faults = asGpuTensor(this.device, 'faults', given)
    requireDtype('faults', faults, ['u32'])
    requireShape('faults', faults, [2], '[invalid columns, impossible tokens]')
    if (faults.offset !== 0)
      throw new OptionError(`faults need to begin their buffer; given the offset ${faults.offset}.`)
    return faults
  }

  protected submit(label: string, record: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.device.createCommandEncoder({ label })
    record(encoder)
    this.device.queue.submit([encoder.finish()])
  }

  /** Submits a kernel that gives each of `count` elements an invocation; `parameters` are packed and ready to upload. */
  protected submitElements(variant: KernelVariant, count: number, buffers: readonly GPUBuffer[]): void {
    if (count === 0) return
    const uploaded = this.parameters.upload()
    this.submit(`vqd/${variant.name}`, (encoder) => {
      const pass = encoder.beginComputePass({ label: `vqd/${variant.name}` })
      this.kernels.dispatch(pass, this.kernels.get(variant), [uploaded, ...buffers], workgroupsFor(count))
      pass.end()
    })
  }

  /** Throws DestroyedError or DeviceLostError. */
  protected assertUsable(): void {
    if (this.#destroyed) throw new DestroyedError('The scheduler was destroyed.')
    const { lost } = this.kernels
    if (lost)
      throw new DeviceLostError(
        `The GPU device was lost (${lost.reason}: ${lost.message}). Request a new device and create the scheduler anew.`,
      )
  }
}
