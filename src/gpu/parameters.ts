import type { Layout, Shader } from './shader'

/**
 * Values of a WGSL type: a number, the components of a vector, the fields of a struct by name, or an array of values.
 */
export type ParameterValue = number | readonly ParameterValue[] | { readonly [field: string]: ParameterValue }

/**
 * The parameters of a kernel: a storage buffer that is written by the field names of its WGSL struct.
 *
 * One buffer serves all calls, since queue writes and submits run in order. It only grows.
 */
export class ParameterBuffer {
  readonly #layout: Layout
  #buffer: GPUBuffer | undefined
  #words = new Uint32Array(0)
  #floats = new Float32Array(0)

  /** @param binding the shader's variable for the parameters, a struct that may end in an array `items` */
  constructor(
    private readonly device: GPUDevice,
    private readonly label: string,
    shader: Shader,
    binding = 'parameters',
  ) {
    this.#layout = shader.bindings[binding]!.layout!
  }

  /**
   * Enqueues the upload of all fields and returns the buffer. Throws Error if a field has no value.
   *
   * @param separately uploads into a new buffer, for a dispatch that is submitted later than the next upload. The
   *   buffer is freed by garbage collection.
   */
  upload(values: ParameterValue, separately = false): GPUBuffer {
    const size = this.#write(values)
    const buffer = separately ? this.#createBuffer() : this.#reusedBuffer()
    this.device.queue.writeBuffer(buffer, 0, this.#words, 0, size)
    return buffer
  }

  destroy(): void {
    this.#buffer?.destroy()
    this.#buffer = undefined
    this.#words = new Uint32Array(0)
  }

  /** Returns the number of words written. */
  #write(values: ParameterValue): number {
    const size = sizeOf(this.#layout, values)
    if (this.#words.length < size) {
      this.destroy()
      this.#words = new Uint32Array(size)
      this.#floats = new Float32Array(this.#words.buffer)
    }
    this.#put(this.#layout, 0, values)
    return size
  }

  #put(layout: Layout, at: number, value: ParameterValue): void {
    if ('fields' in layout) {
      for (const [name, offset, type] of layout.fields) {
        const field = (value as Record<string, ParameterValue>)[name]
        if (field === undefined) throw new Error(`${this.label}: the field '${name}' has no value.`)
        this.#put(type, at + offset, field)
      }
    } else if ('element' in layout) {
      const elements = value as readonly ParameterValue[]
      for (let i = 0; i < elements.length; i++) this.#put(layout.element, at + i * layout.stride, elements[i]!)
    } else {
      const words = layout.scalar === 'f32' ? this.#floats : this.#words
      if (layout.length === 1) words[at] = value as number
      else words.set(value as readonly number[], at)
    }
  }

  #reusedBuffer(): GPUBuffer {
    this.#buffer ??= this.#createBuffer()
    return this.#buffer
  }

  #createBuffer(): GPUBuffer {
    return this.device.createBuffer({
      label: this.label,
      size: this.#words.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    })
  }
}

/** Size in words of a struct that may end in a runtime-sized array. */
function sizeOf(layout: Layout, value: ParameterValue): number {
  if (!('fields' in layout)) throw new Error('Parameters need to be a struct.')
  const [name, offset, last] = layout.fields.at(-1)!
  if (!('element' in last)) return layout.words
  const items = (value as Record<string, readonly ParameterValue[]>)[name]!
  // A binding of a runtime-sized array needs room for one element.
  return offset + last.stride * Math.max(1, items.length)
}

/**
 * A logarithm as the kernels take it: −Infinity becomes LOG_ZERO of numerics.wgsl, since WGSL need not have infinities.
 */
export function finiteLog(value: number): number {
  return Math.max(value, -1e30)
}
