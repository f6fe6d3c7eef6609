import type * as Ort from 'onnxruntime-web'
import { GpuTensor } from '../tensor'
import { type AnyTensor, type HostArray, type Network, repeatTokens, type Signature } from './network'
import type { OnnxSession } from './session'

/** On WebGPU: inputs and output are buffers of the device, so a run moves nothing between it and the host. */
export class GpuNetwork implements Network {
  readonly #inputs = new Map<string, GpuTensor>()
  readonly #tokens: GpuTensor<'i32'>
  readonly #output: GpuTensor<'f32'>
  readonly #feeds: Record<string, Ort.Tensor> = {}
  readonly #fetches: Record<string, Ort.Tensor>

  constructor(
    private readonly session: OnnxSession,
    private readonly device: GPUDevice,
    private readonly signature: Signature,
  ) {
    const { tokens, inputs, output } = signature
    for (const [name, { type, shape }] of Object.entries(inputs)) {
      const tensor = GpuTensor.empty(device, shape, type === 'int32' ? 'i32' : 'f32', `vqd/onnx/${name}`)
      this.#inputs.set(name, tensor)
      this.#feeds[name] = this.wrap(tensor.buffer, type, shape)
    }
    this.#tokens = GpuTensor.empty(device, tokens.shape, 'i32', `vqd/onnx/${tokens.name}`)
    this.#output = GpuTensor.empty(device, output.shape, 'f32', `vqd/onnx/${output.name}`)
    this.#fetches = { [output.name]: this.wrap(this.#output.buffer, 'float32', output.shape) }
  }

  set(name: string, values: HostArray): void {
    this.#inputs.get(name)!.write(values)
  }

  async setTokens(tokens: AnyTensor): Promise<void> {
    const { name, shape } = this.signature.tokens
    // A buffer that begins with exactly the tokens is bound as it is: onnxruntime-web takes no offset.
    const bindable = tokens instanceof GpuTensor && tokens.offset === 0 && tokens.size === this.#tokens.size
    this.#feeds[name] = this.wrap(bindable ? tokens.buffer : this.#tokens.buffer, 'int32', shape)
    if (bindable) return
    if (tokens instanceof GpuTensor) this.copyTokens(tokens)
    else this.#tokens.write(repeatTokens(tokens.data, this.#tokens.size))
  }

  async run(): Promise<void> {
    await this.session.run(this.#feeds, this.#fetches)
  }

  onDevice(): GpuTensor<'f32'> {
    return this.#output
  }

  onHost(): Promise<Float32Array> {
    return this.#output.read()
  }

  destroy(): void {
    for (const tensor of [...this.#inputs.values(), this.#tokens, this.#output]) tensor.destroy()
  }

  private copyTokens(source: GpuTensor): void {
    const encoder = this.device.createCommandEncoder({ label: 'vqd/onnx/tokens' })
    for (let offset = 0; offset < this.#tokens.byteLength; offset += source.byteLength)
      encoder.copyBufferToBuffer(source.buffer, source.offset * 4, this.#tokens.buffer, offset, source.byteLength)
    this.device.queue.submit([encoder.finish()])
  }

  private wrap(gpuBuffer: GPUBuffer, dataType: 'int32' | 'float32', dims: readonly number[]): Ort.Tensor {
    return this.session.ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType, dims })
  }
}
