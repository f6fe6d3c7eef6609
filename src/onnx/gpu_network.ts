import type * as Ort from 'onnxruntime-web'
import { elementCount } from '../checks'
import type { Dtype } from '../gpu/dtype'
import { GpuTensor, perform } from '../gpu/tensor'
import { type AnyTensor, type Network, type NetworkArray, repeatTokens, type Signature } from './network'
import type { OnnxSession } from './session'

/** A network on WebGPU: inputs and output stay in buffers of the device. */
export class GpuNetwork implements Network {
  readonly #inputs = new Map<string, GpuTensor>()
  readonly #feeds: Record<string, Ort.Tensor> = {}
  #output: GpuTensor<'f32'> | undefined
  readonly #buffers: GPUBuffer[] = []

  constructor(
    private readonly session: OnnxSession,
    private readonly device: GPUDevice,
    private readonly signature: Signature,
  ) {
    const { tokens, inputs } = signature
    const all = [...Object.entries(inputs), [tokens.name, { type: 'int32', shape: tokens.shape }] as const]
    for (const [name, { type, shape }] of all) {
      const tensor = this.#allocate(name, shape, type === 'int32' ? 'i32' : 'f32')
      this.#inputs.set(name, tensor)
      this.#feeds[name] = this.#wrap(tensor.buffer, type, shape)
    }
  }

  set(name: string, values: NetworkArray): void {
    this.#inputs.get(name)!.write(values)
  }

  /**
   * Tokens on the GPU are copied: onnxruntime-web takes no offset, and would not report that WebGPU refused the buffer.
   */
  async setTokens(tokens: AnyTensor): Promise<void> {
    const target = this.#inputs.get(this.signature.tokens.name)!
    if (tokens instanceof GpuTensor) this.#copyTokens(tokens, target)
    else target.write(repeatTokens(tokens.data, target.size))
  }

  async run(): Promise<readonly number[]> {
    const { output } = this.signature
    const target = this.#output ? this.#wrap(this.#output.buffer, 'float32', this.#output.shape) : null
    const results = await this.session.run(this.#feeds, { [output]: target })
    const read = Array.from(this.#inputs.values(), ({ buffer }) => buffer)
    if (this.#output) perform(this.device, () => ({ read, written: [this.#output!.buffer] }))
    else this.#output = this.#keep(results[output]!, read)
    return this.#output.shape
  }

  onDevice(): GpuTensor<'f32'> {
    return this.#output!
  }

  onHost(): Promise<Float32Array> {
    return this.#output!.read()
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy()
  }

  /** Copies the first output, whose shape is known only now, into a tensor that the next runs write to directly. */
  #keep(result: Ort.Tensor, read: readonly GPUBuffer[]): GpuTensor<'f32'> {
    const output = this.#allocate(this.signature.output, result.dims, 'f32')
    perform(this.device, () => {
      const encoder = this.device.createCommandEncoder({ label: 'vqd/onnx/output' })
      encoder.copyBufferToBuffer(result.gpuBuffer as GPUBuffer, 0, output.buffer, 0, output.byteLength)
      this.device.queue.submit([encoder.finish()])
      return { read, written: [output.buffer] }
    })
    result.dispose()
    return output
  }

  /** Repeats the tokens until the target is filled. */
  #copyTokens({ buffer, offset, byteLength }: GpuTensor, target: GpuTensor): void {
    perform(this.device, () => {
      const encoder = this.device.createCommandEncoder({ label: 'vqd/onnx/tokens' })
      for (let start = 0; start < target.byteLength; start += byteLength)
        encoder.copyBufferToBuffer(buffer, offset * 4, target.buffer, start, byteLength)
      this.device.queue.submit([encoder.finish()])
      return { read: [buffer], written: [target.buffer] }
    })
  }

  /**
   * Pads to a multiple of four elements: onnxruntime-web 1.30 reads and writes four at a time, beyond the last element
   * too.
   */
  #allocate<D extends Dtype>(name: string, shape: readonly number[], dtype: D): GpuTensor<D> {
    const padded = [Math.max(4, Math.ceil(elementCount(shape) / 4) * 4)]
    const { buffer } = GpuTensor.empty(this.device, padded, dtype, `vqd/onnx/${name}`)
    this.#buffers.push(buffer)
    return GpuTensor.borrow(this.device, buffer, shape, dtype)
  }

  #wrap(gpuBuffer: GPUBuffer, dataType: 'int32' | 'float32', dims: readonly number[]): Ort.Tensor {
    return this.session.ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType, dims })
  }
}
