import { compileKernel, workgroupsFor } from './kernel'
import { wallTime } from './sampling'
import copyShader from './shaders/copy.wgsl?raw'

type RecordCommands = (encoder: GPUCommandEncoder) => void

const label = 'bench/clock'
/** A GPU without work lowers its clock rate within milliseconds, and raises it again as slowly. */
const busyMicroseconds = 10_000
const busyBytes = 2 ** 24

/** Times commands on the queue: by timestamps that the GPU writes before and after them, else by the wall clock. */
export class Clock {
  /** Undefined where the wall clock is used. */
  readonly #queries: GPUQuerySet | undefined
  readonly #resolved: GPUBuffer
  readonly #staging: GPUBuffer
  /** Recorded before what is timed, so that its time does not depend on what the GPU did earlier. */
  #recordBusy: RecordCommands = () => {}

  private constructor(private readonly device: GPUDevice) {
    if (device.features.has('timestamp-query'))
      this.#queries = device.createQuerySet({ label, type: 'timestamp', count: 2 })
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage
    this.#resolved = device.createBuffer({ label, size: 16, usage: QUERY_RESOLVE | COPY_SRC })
    this.#staging = device.createBuffer({ label, size: 16, usage: COPY_DST | MAP_READ })
  }

  static async create(device: GPUDevice): Promise<Clock> {
    const clock = new Clock(device)
    if (!device.adapterInfo.isFallbackAdapter) await clock.#keepBusy()
    return clock
  }

  get timedBy(): 'GPU timestamps' | 'wall clock' {
    return this.#queries ? 'GPU timestamps' : 'wall clock'
  }

  /** Microseconds of commands recorded `times` times into one command buffer, without the time that recording takes. */
  async time(record: RecordCommands, times = 1): Promise<number> {
    const { queue } = this.device
    const queries = this.#queries
    const encoder = this.device.createCommandEncoder({ label })
    if (!queries) {
      for (let i = 0; i < times; i++) record(encoder)
      const commands = encoder.finish()
      await queue.onSubmittedWorkDone()
      return wallTime(() => {
        queue.submit([commands])
        return queue.onSubmittedWorkDone()
      })
    }
    this.#recordBusy(encoder)
    stamp(encoder, queries, 0)
    for (let i = 0; i < times; i++) record(encoder)
    stamp(encoder, queries, 1)
    encoder.resolveQuerySet(queries, 0, 2, this.#resolved, 0)
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16)
    queue.submit([encoder.finish()])
    await this.#staging.mapAsync(GPUMapMode.READ)
    const [begun = 0n, ended = 0n] = new BigInt64Array(this.#staging.getMappedRange().slice(0))
    this.#staging.unmap()
    return Number(ended - begun) / 1000
  }

  /** Copies by a kernel, as many as fill the time. */
  async #keepBusy(): Promise<void> {
    const buffer = () => this.device.createBuffer({ label, size: busyBytes, usage: GPUBufferUsage.STORAGE })
    const kernel = await compileKernel(this.device, label, copyShader, [buffer(), buffer()])
    let times = 1
    const record: RecordCommands = (encoder) => kernel(encoder, workgroupsFor(busyBytes / 16, 256), times)
    // The first run wakes the GPU up; the second is measured at its full clock rate.
    for (let i = 0; i < 2; i++)
      times = Math.min(4096, Math.ceil((busyMicroseconds * times) / Math.max(1, await this.time(record))))
    this.#recordBusy = record
  }
}

/** Both stamps end an empty pass: one at a pass's beginning may be written before earlier work has finished. */
function stamp(encoder: GPUCommandEncoder, querySet: GPUQuerySet, endOfPassWriteIndex: number): void {
  encoder.beginComputePass({ label, timestampWrites: { querySet, endOfPassWriteIndex } }).end()
}
