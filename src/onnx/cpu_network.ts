import type * as Ort from 'onnxruntime-web'
import { CpuTensor } from '../cpu/tensor'
import { ShapeError } from '../errors'
import { elementCount, GpuTensor } from '../tensor'
import { type AnyTensor, type HostArray, type Network, repeatTokens, type Signature } from './network'
import type { OnnxSession } from './session'

/** On WebAssembly: everything passes through the host. */
export class CpuNetwork implements Network {
  readonly #feeds: Record<string, Ort.Tensor> = {}
  #output = new Float32Array()
  #uploaded: GpuTensor<'f32'> | undefined

  constructor(
    private readonly session: OnnxSession,
    private readonly signature: Signature,
  ) {}

  set(name: string, values: HostArray): void {
    const { type, shape } = this.signature.inputs[name]!
    this.#feeds[name] = new this.session.ort.Tensor(type, values, shape)
  }

  async setTokens(tokens: AnyTensor): Promise<void> {
    const { name, shape } = this.signature.tokens
    const values = tokens instanceof CpuTensor ? tokens.data : await tokens.read()
    this.#feeds[name] = new this.session.ort.Tensor('int32', repeatTokens(values, elementCount(shape)), shape)
  }

  async run(): Promise<void> {
    const { name, shape } = this.signature.output
    const result = (await this.session.run(this.#feeds, { [name]: null }))[name]!
    if (result.dims.join() !== shape.join())
      throw new ShapeError(`The model's '${name}' should have the shape [${shape}]; it gave [${result.dims}].`)
    this.#output = result.data as Float32Array<ArrayBuffer>
  }

  onDevice(device: GPUDevice): GpuTensor<'f32'> {
    if (this.#uploaded?.device !== device) {
      this.#uploaded?.destroy()
      const { name, shape } = this.signature.output
      this.#uploaded = GpuTensor.empty(device, shape, 'f32', `vqd/onnx/${name}`)
    }
    this.#uploaded.write(this.#output)
    return this.#uploaded
  }

  async onHost(): Promise<Float32Array> {
    return this.#output
  }

  destroy(): void {
    this.#uploaded?.destroy()
  }
}
