import {
  requireDtype,
  requireGpuDevice,
  requireMethod,
  requireSampleShape,
  requireShape,
  requireTokens,
  rowsShape,
} from '../checks'
import { DestroyedError, DeviceLostError, OptionError } from '../errors'
import type { Faults, Layout, StepDiagnostics } from '../options'
import type { ClassRanges } from '../process/class_ranges'
import type { Process } from '../process/process'
import { type Buffers, Kernels, type KernelVariant } from './kernels'
import { requireOwnBuffer, type StepTensors } from './step_tensors'
import { asGpuTensor, GpuTensor, perform } from './tensor'
import { elementWorkgroups, type LaunchShapes, launchShapesFor, requireLimits } from './workgroups'

/** What the parts of a scheduler share: device-loss checks, tensors, fault counters and submission. */
export class GpuContext {
  /** @internal */
  readonly kernels: Kernels
  /** @internal */
  readonly launchShapes: LaunchShapes
  /** The counters of work without counters of its own, u32 [2]: invalid columns, impossible tokens. */
  readonly faults: GpuTensor
  /** The range of classes of each latent pixel, as class_ranges.wgsl takes it; undefined if all have all. @internal */
  readonly classRanges: GPUBuffer | undefined
  readonly #owned: { destroy(): void }[] = []
  #destroyed = false

  /**
   * Creates the counters of faults on the device. Pipelines are shared by all contexts of a device.
   *
   * @param process the configuration that the parts compute with
   */
  constructor(device: GPUDevice, process: Process)
  /** @internal */
  constructor(device: GPUDevice, process: Process, launchShapes: LaunchShapes)
  constructor(
    /** The device of all buffers and pipelines. */
    readonly device: GPUDevice,
    /** Configuration, schedule and list of timesteps. */
    readonly process: Process,
    launchShapes?: LaunchShapes,
  ) {
    requireGpuDevice('The first argument of GpuContext', device)
    requireMethod('process', process, 'resolveSteps', 'a Process')
    requireLimits(device)
    this.launchShapes = launchShapes ?? launchShapesFor(device)
    this.kernels = new Kernels(device)
    this.faults = this.own(GpuTensor.empty(device, [2], 'u32', 'vqd/scheduler/faults'))
    this.classRanges = process.classRanges && this.own(uploadRanges(device, process.classRanges))
  }

  /** Frees the resource in `destroy`. @internal */
  own<T extends { destroy(): void }>(resource: T): T {
    this.#owned.push(resource)
    return resource
  }

  /** Frees the buffers of all parts that were created with the context; tensors that they returned stay valid. Idempotent. */
  destroy(): void {
    this.#destroyed = true
    for (const resource of this.#owned.splice(0)) resource.destroy()
  }

  /** Throws DestroyedError or DeviceLostError. */
  assertUsable(): void {
    if (this.#destroyed) throw new DestroyedError('The scheduler was destroyed.')
    const { lost } = this.kernels
    if (lost)
      throw new DeviceLostError(
        `The GPU device was lost (${lost.reason}: ${lost.message}). Request a new device and create the scheduler anew.`,
      )
  }

  // Tensors

  /** u32 [B, N]. Throws ShapeError, DtypeError, TokenRangeError, DestroyedError, DeviceLostError. */
  uploadTokens(tokens: ArrayLike<number>, shape: readonly number[]): GpuTensor<'u32'> {
    this.assertUsable()
    requireSampleShape('uploadTokens', shape)
    return GpuTensor.from(this.device, requireTokens(tokens, this.process.maskClass), shape, 'vqd/sample')
  }

  /** Creates a tensor of zeros, u32, for `out`, `predOriginalSample` or `faults`. */
  emptyTokens(shape: readonly number[], label = 'vqd/tokens'): GpuTensor<'u32'> {
    this.assertUsable()
    return GpuTensor.empty(this.device, shape, 'u32', label)
  }

  /** Creates tensors for the `diagnostics` of a sample of this shape [B, N]: f32 [B, N], f32 [B, N] and u32 [2]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<GpuTensor> {
    this.assertUsable()
    requireSampleShape('emptyDiagnostics', shape)
    const perToken = () => GpuTensor.empty(this.device, shape, 'f32', 'vqd/diagnostics')
    return { entropy: perToken(), topProbability: perToken(), counts: this.emptyTokens([2]) }
  }

  /** f32 [B, rows, N] or [B, N, rows]. @internal */
  emptyRows(layout: Layout, batchSize: number, rows: number, numPixels: number, label: string): GpuTensor<'f32'> {
    return GpuTensor.empty(this.device, rowsShape(layout, batchSize, rows, numPixels), 'f32', label)
  }

  // Fault counters

  /**
   * The given counters, checked, or the scheduler's own. Throws ShapeError, DtypeError, or OptionError if they are not the
   * beginning of a buffer that the given tensors do not use. @internal
   */
  faultsOf(given: GpuTensor | undefined, inputs: StepTensors): GpuTensor {
    if (given === undefined) return this.faults
    const faults = asGpuTensor(this.device, 'faults', given)
    requireDtype('faults', faults, ['u32'])
    requireShape('faults', faults, [2], '[invalid columns, impossible tokens]')
    if (faults.offset !== 0)
      throw new OptionError(`faults need to begin their buffer; given the offset ${faults.offset}.`)
    requireOwnBuffer('faults', faults, inputs)
    return faults
  }

  /**
   * Reads the scheduler's own counters and sets them to 0. Rejects with DeviceLostError, or WebGPUError if WebGPU refused
   * work that counts there.
   */
  async readFaults(): Promise<Faults> {
    this.assertUsable()
    const reading = this.faults.read()
    this.faults.write(new Uint32Array(2))
    const [invalidColumns = 0, impossibleTokens = 0] = await reading
    return { invalidColumns, impossibleTokens }
  }

  // Submission

  /** Submits what `record` dispatches. @internal */
  submit(label: string, record: (encoder: GPUCommandEncoder) => void): void {
    perform(this.device, () => {
      const use = this.kernels.noteUse()
      const encoder = this.device.createCommandEncoder({ label })
      record(encoder)
      this.device.queue.submit([encoder.finish()])
      return use
    })
  }

  /** Dispatches into an encoder that the caller submits. @internal */
  record(encoder: GPUCommandEncoder, record: (encoder: GPUCommandEncoder) => void): void {
    perform(this.device, () => {
      const use = this.kernels.noteUse()
      record(encoder)
      return use
    })
  }

  /** Submits a kernel that gives each of `count` elements an invocation. @internal */
  submitElements(variant: KernelVariant, count: number, buffers: Buffers): void {
    const label = `vqd/${variant.shader.name}`
    this.submit(label, (encoder) => {
      const pass = encoder.beginComputePass({ label })
      this.kernels.dispatch(pass, this.kernels.get(variant), buffers, elementWorkgroups(count))
      pass.end()
    })
  }
}

function uploadRanges(device: GPUDevice, { ranges }: ClassRanges): GPUBuffer {
  const data = Uint32Array.from(ranges.flatMap(({ first, last, size, kind }) => [first, last, size, kind]))
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST
  const buffer = device.createBuffer({ label: 'vqd/scheduler/class_ranges', size: data.byteLength, usage })
  device.queue.writeBuffer(buffer, 0, data)
  return buffer
}
