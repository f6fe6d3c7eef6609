import { LimitError } from '../errors'
import type { Layout, Shader, StructLayout } from './shader'

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
  readonly #layout: StructLayout
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
    this.#layout = shader.bindings[binding]!.layout as StructLayout
  }

  /**
   * Enqueues the upload of all fields and returns the buffer. Throws LimitError as `requireItems` does, and Error if a
   * field has no value.
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

  /** Throws LimitError unless the device can bind the parameters of this many items. */
  requireItems(count: number): void {
    const bytes = sizeOf(this.#layout, count) * 4
    const limit = this.device.limits.maxStorageBufferBindingSize
    if (bytes > limit)
      throw new LimitError(
        `The parameters of a batch of ${count} (${this.label}) need ${bytes} bytes; this device allows ${limit}.`,
      )
  }

  /** Returns the number of words written. */
  #write(values: ParameterValue): number {
    const count = countItems(this.#layout, values)
    this.requireItems(count)
    const size = sizeOf(this.#layout, count)
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

/** Size in words of a struct that ends in a runtime-sized array of `count` items, or in none. */
function sizeOf(layout: StructLayout, count: number): number {
  const [, offset, type] = layout.fields.at(-1)!
  // A binding of a runtime-sized array needs room for one element.
  return 'element' in type ? offset + type.stride * Math.max(1, count) : layout.words
}

/** The number of items of the runtime-sized array; 0 without one. */
function countItems(layout: StructLayout, values: ParameterValue): number {
  const [name, , type] = layout.fields.at(-1)!
  return 'element' in type ? (values as Record<string, readonly ParameterValue[]>)[name]!.length : 0
}

/**
 * A logarithm as the kernels take it: −Infinity and NaN become LOG_ZERO of numerics.wgsl, since WGSL need not have them.
 */
export function finiteLog(value: number): number {
  return value > -1e30 ? value : -1e30
}
