import type * as Ort from 'onnxruntime-web'
import { elementCount } from '../checks'
import { type Dtype, GpuTensor } from '../gpu/tensor'
import { type AnyTensor, type HostArray, type Network, repeatTokens, type Signature } from './network'
import type { OnnxSession } from './session'

/** A network on WebGPU: inputs and output stay in buffers of the device. */
export class GpuNetwork implements Network {
  readonly #inputs = new Map<string, GpuTensor>()
  readonly #tokens: GpuTensor
  readonly #feeds: Record<string, Ort.Tensor> = {}
  #output: GpuTensor<'f32'> | undefined
  readonly #buffers: GPUBuffer[] = []

  constructor(
    private readonly session: OnnxSession,
    private readonly device: GPUDevice,
    private readonly signature: Signature,
  ) {
    for (const [name, { type, shape }] of Object.entries(signature.inputs)) {
      const tensor = this.#allocate(name, shape, type === 'int32' ? 'i32' : 'f32')
      this.#inputs.set(name, tensor)
      this.#feeds[name] = this.#wrap(tensor.buffer, type, shape)
    }
    this.#tokens = this.#allocate(signature.tokens.name, signature.tokens.shape, 'i32')
  }

  set(name: string, values: HostArray): void {
    this.#inputs.get(name)!.write(values)
  }

  async setTokens(tokens: AnyTensor): Promise<void> {
    const { name, shape } = this.signature.tokens
    // onnxruntime-web takes no offset, so tokens are bound directly only if they begin their buffer. Others are copied.
    const bindable =
      tokens instanceof GpuTensor &&
      tokens.offset === 0 &&
      tokens.size === this.#tokens.size &&
      tokens.buffer.size >= this.#tokens.buffer.size
    this.#feeds[name] = this.#wrap(bindable ? tokens.buffer : this.#tokens.buffer, 'int32', shape)
    if (bindable) return
    if (tokens instanceof GpuTensor) this.#copyTokens(tokens)
    else this.#tokens.write(repeatTokens(tokens.data, this.#tokens.size))
  }

  async run(): Promise<readonly number[]> {
    const { output } = this.signature
    const target = this.#output ? this.#wrap(this.#output.buffer, 'float32', this.#output.shape) : null
    const results = await this.session.run(this.#feeds, { [output]: target })
    this.#output ??= this.#keep(results[output]!)
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
  #keep(result: Ort.Tensor): GpuTensor<'f32'> {
    const output = this.#allocate(this.signature.output, result.dims, 'f32')
    const encoder = this.device.createCommandEncoder({ label: 'vqd/onnx/output' })
    encoder.copyBufferToBuffer(result.gpuBuffer as GPUBuffer, 0, output.buffer, 0, output.byteLength)
    this.device.queue.submit([encoder.finish()])
    result.dispose()
    return output
  }

  #copyTokens(source: GpuTensor): void {
    const encoder = this.device.createCommandEncoder({ label: 'vqd/onnx/tokens' })
    for (let offset = 0; offset < this.#tokens.byteLength; offset += source.byteLength)
      encoder.copyBufferToBuffer(source.buffer, source.offset * 4, this.#tokens.buffer, offset, source.byteLength)
    this.device.queue.submit([encoder.finish()])
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
