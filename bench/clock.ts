import { Busy } from './busy'
import { spread } from './statistics'

/**
 * Times what the queue does, in microseconds: by timestamps that the GPU writes before and after it, else by the clock
 * on the wall, which counts submission too.
 */
export class Clock {
  readonly #queries: GPUQuerySet | undefined
  readonly #resolved: GPUBuffer
  readonly #staging: GPUBuffer
  #trusted = false
  /** Recorded before what is timed; only a GPU needs it. */
  #busy: Busy | undefined

  private constructor(private readonly device: GPUDevice) {
    const label = 'bench/clock'
    this.#queries = device.features.has('timestamp-query')
      ? device.createQuerySet({ label, type: 'timestamp', count: 2 })
      : undefined
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage
    this.#resolved = device.createBuffer({ label, size: 16, usage: QUERY_RESOLVE | COPY_SRC })
    this.#staging = device.createBuffer({ label, size: 16, usage: COPY_DST | MAP_READ })
  }

  /** Uses timestamps where there are any, and where they agree with the wall about work of some length. */
  static async create(device: GPUDevice): Promise<Clock> {
    const clock = new Clock(device)
    if (clock.#queries) {
      clock.#trusted = true
      clock.#trusted = await clock.agrees()
    }
    if (!device.adapterInfo.isFallbackAdapter)
      clock.#busy = await Busy.create(device, (record) => clock.timeCommands(record))
    return clock
  }

  get timedBy(): 'GPU timestamps' | 'wall clock' {
    return this.#trusted ? 'GPU timestamps' : 'wall clock'
  }

  /** Microseconds of commands that are recorded into one command buffer; what recording them takes is not in it. */
  async timeCommands(record: (encoder: GPUCommandEncoder) => void): Promise<number> {
    const encoder = this.device.createCommandEncoder({ label: 'bench/timed' })
    if (this.#queries && this.#trusted) {
      this.#busy?.record(encoder)
      stamp(encoder, this.#queries, 0)
      record(encoder)
      return this.readStamps(this.#queries, encoder)
    }
    record(encoder)
    const commands = encoder.finish()
    return this.timeByWall(() => this.device.queue.submit([commands]))
  }

  /** Microseconds from the first thing that `enqueue` submits to the end of the last. */
  async time(enqueue: () => void | Promise<void>): Promise<number> {
    if (!(this.#queries && this.#trusted)) return this.timeByWall(enqueue)
    await this.device.queue.onSubmittedWorkDone()
    const begin = this.device.createCommandEncoder({ label: 'bench/clock' })
    this.#busy?.record(begin)
    stamp(begin, this.#queries, 0)
    this.device.queue.submit([begin.finish()])
    await enqueue()
    return this.readStamps(this.#queries, this.device.createCommandEncoder({ label: 'bench/clock' }))
  }

  /** The same by the wall, whatever the device can do. */
  async timeByWall(enqueue: () => void | Promise<void>): Promise<number> {
    await this.device.queue.onSubmittedWorkDone()
    const begun = performance.now()
    await enqueue()
    await this.device.queue.onSubmittedWorkDone()
    return (performance.now() - begun) * 1000
  }

  /** Ends and submits the encoder with the second stamp, and gives the time since the first. */
  private async readStamps(queries: GPUQuerySet, encoder: GPUCommandEncoder): Promise<number> {
    stamp(encoder, queries, 1)
    encoder.resolveQuerySet(queries, 0, 2, this.#resolved, 0)
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16)
    this.device.queue.submit([encoder.finish()])
    await this.#staging.mapAsync(GPUMapMode.READ)
    const [begun = 0n, ended = 0n] = new BigInt64Array(this.#staging.getMappedRange().slice(0))
    this.#staging.unmap()
    return Number(ended - begun) / 1000
  }

  private async agrees(): Promise<boolean> {
    const size = 2 ** 26
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    const buffers = [0, 1].map(() => this.device.createBuffer({ label: 'bench/clock/copied', size, usage }))
    const copy = (encoder: GPUCommandEncoder) => {
      for (let i = 0; i < 16; i++) encoder.copyBufferToBuffer(buffers[i % 2]!, 0, buffers[(i + 1) % 2]!, 0, size)
    }
    const ratios: number[] = []
    for (let i = 0; i < 5; i++) {
      await this.device.queue.onSubmittedWorkDone()
      const begun = performance.now()
      const microseconds = await this.timeCommands(copy)
      ratios.push(microseconds / ((performance.now() - begun) * 1000))
    }
    for (const buffer of buffers) buffer.destroy()
    const { median } = spread(ratios)
    // The wall has seen the submission too; a stamp that came too early has seen too little.
    return median > 0.3 && median < 1.1
  }
}

/**
 * The time at which everything before is done: both stamps are taken at the end of an empty pass, since a stamp at a
 * beginning may be written before the work that precedes it has finished.
 */
function stamp(encoder: GPUCommandEncoder, querySet: GPUQuerySet, endOfPassWriteIndex: number): void {
  encoder.beginComputePass({ label: 'bench/clock', timestampWrites: { querySet, endOfPassWriteIndex } }).end()
}
