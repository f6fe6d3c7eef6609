import type * as Ort from 'onnxruntime-web'
import { elementCount } from '../checks'
import { CpuTensor } from '../cpu/tensor'
import { GpuTensor } from '../gpu/tensor'
import { type AnyTensor, type Network, type NetworkArray, repeatTokens, type Signature } from './network'
import type { OnnxSession } from './session'

/** A network on WebAssembly: inputs and output pass through the host. */
export class WasmNetwork implements Network {
  readonly #feeds: Record<string, Ort.Tensor> = {}
  #output: Ort.Tensor | undefined
  #uploaded: GpuTensor<'f32'> | undefined

  constructor(
    private readonly session: OnnxSession,
    private readonly signature: Signature,
  ) {}

  set(name: string, values: NetworkArray): void {
    const { type, shape } = this.signature.inputs[name]!
    this.#feeds[name] = new this.session.ort.Tensor(type, values, shape)
  }

  async setTokens(tokens: AnyTensor): Promise<void> {
    const { name, shape } = this.signature.tokens
    const values = tokens instanceof CpuTensor ? tokens.data : await tokens.read()
    this.#feeds[name] = new this.session.ort.Tensor('int32', repeatTokens(values, elementCount(shape)), shape)
  }

  async run(): Promise<readonly number[]> {
    const { output } = this.signature
    this.#output = (await this.session.run(this.#feeds, { [output]: null }))[output]!
    return this.#output.dims
  }

  onDevice(device: GPUDevice): GpuTensor<'f32'> {
    const { dims } = this.#output!
    if (this.#uploaded?.device !== device || this.#uploaded.shape.join() !== dims.join()) {
      this.#uploaded?.destroy()
      this.#uploaded = GpuTensor.empty(device, dims, 'f32', `vqd/onnx/${this.signature.output}`)
    }
    this.#uploaded.write(this.#output!.data as Float32Array)
    return this.#uploaded
  }

  async onHost(): Promise<Float32Array> {
    return this.#output!.data as Float32Array
  }

  destroy(): void {
    this.#uploaded?.destroy()
  }
}
