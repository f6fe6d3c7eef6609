/**
 * Parameters of a kernel: 32-bit words packed on the host and uploaded before the dispatch. One buffer serves every
 * call, because queue writes and submits run in order; it only grows.
 */
export class ParameterBuffer {
  #buffer: GPUBuffer | undefined
  #words = new Uint32Array(0)
  #floats = new Float32Array(0)
  #position = 0

  constructor(
    private readonly device: GPUDevice,
    private readonly label: string,
  ) {}

  /** Starts anew with room for `count` words. */
  begin(count: number): void {
    if (this.#words.length < count) {
      this.#buffer?.destroy()
      this.#words = new Uint32Array(count)
      this.#floats = new Float32Array(this.#words.buffer)
      this.#buffer = this.device.createBuffer({
        label: this.label,
        size: count * 4,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      })
    }
    this.#position = 0
  }

  u32(...values: readonly number[]): void {
    this.#words.set(values, this.#position)
    this.#position += values.length
  }

  f32(...values: readonly number[]): void {
    this.#floats.set(values, this.#position)
    this.#position += values.length
  }

  /** log 0 as LOG_ZERO of lib/numerics.wgsl: WGSL has no infinity. */
  logarithms(values: readonly number[]): void {
    this.f32(...values.map((value) => Math.max(value, -1e30)))
  }

  /** Enqueues the upload of what was packed. */
  upload(): GPUBuffer {
    this.device.queue.writeBuffer(this.#buffer!, 0, this.#words, 0, this.#position)
    return this.#buffer!
  }

  destroy(): void {
    this.#buffer?.destroy()
    this.#buffer = undefined
    this.#words = new Uint32Array(0)
  }
}
