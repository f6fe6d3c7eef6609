import { spread } from '../report/statistics'
import { compileKernel } from './kernel'
import { wallTime } from './sampling'
import busyShader from './shaders/busy.wgsl?raw'

type RecordCommands = (encoder: GPUCommandEncoder) => void

const label = 'bench/clock'
/** A GPU without work lowers its clock rate within milliseconds, and raises it again as slowly. */
const busyMicroseconds = 10_000
const busyWorkgroups = 2048

/** Times commands on the queue: by timestamps that the GPU writes before and after them, else by the wall clock. */
export class Clock {
  /** Undefined where the wall clock is used. */
  #queries: GPUQuerySet | undefined
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

  /** Uses timestamps where they exist and agree with the wall clock. */
  static async create(device: GPUDevice): Promise<Clock> {
    const clock = new Clock(device)
    if (!(await clock.#agreesWithWall())) clock.#queries = undefined
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

  async #agreesWithWall(): Promise<boolean> {
    const size = 2 ** 26
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    const [a, b] = [this.device.createBuffer({ label, size, usage }), this.device.createBuffer({ label, size, usage })]
    const copy: RecordCommands = (encoder) => {
      encoder.copyBufferToBuffer(a, 0, b, 0, size)
      encoder.copyBufferToBuffer(b, 0, a, 0, size)
    }
    const ratios: number[] = []
    for (let i = 0; i < 5; i++) {
      await this.device.queue.onSubmittedWorkDone()
      const begun = performance.now()
      const stamped = await this.time(copy, 8)
      ratios.push(stamped / 1000 / (performance.now() - begun))
    }
    for (const buffer of [a, b]) buffer.destroy()
    const { median } = spread(ratios)
    // The wall clock includes the submission; a stamp that came too early has missed work.
    return median > 0.3 && median < 1.1
  }

  async #keepBusy(): Promise<void> {
    const buffer = this.device.createBuffer({ label, size: busyWorkgroups * 64 * 4, usage: GPUBufferUsage.STORAGE })
    const kernel = await compileKernel(this.device, 'bench/busy', busyShader, [buffer])
    let times = 1
    const record: RecordCommands = (encoder) => kernel(encoder, busyWorkgroups, times)
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
