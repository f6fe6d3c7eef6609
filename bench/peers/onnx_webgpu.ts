import * as ort from 'onnxruntime-web/webgpu'
import type { PreparedPeer, Problem } from '../peer'
import { feedsOf, stepShape } from './onnx_inputs'
import { type StepGraph, stepGraph } from './onnx_step'
import { raceOf } from './race'

/** A step on the WebGPU provider, on the problem's device: inputs and output stay in buffers of ours. */
export class OnnxOnWebgpu implements PreparedPeer {
  private constructor(
    private readonly device: GPUDevice,
    private readonly session: ort.InferenceSession,
    private readonly feeds: Record<string, ort.Tensor>,
    private readonly fetches: Record<string, ort.Tensor>,
    private readonly output: GPUBuffer,
    private readonly numTokens: number,
  ) {}

  static async create(problem: Problem): Promise<OnnxOnWebgpu> {
    const { device } = problem
    // To transpose is slower here than the reductions over an outer axis that it spares.
    const shape = stepShape(problem, false)
    const graph = stepGraph(shape, raceOf(problem))
    const session = await ort.InferenceSession.create(graph.model, sessionOptions(device, graph))
    const feeds = feedsOf(session, problem, shape, ({ type, data }, dims) =>
      ort.Tensor.fromGpuBuffer(upload(device, data), { dataType: type, dims }),
    )
    const output = upload(device, new Int32Array(problem.sample.length))
    const dims = [problem.batchSize, problem.numLatentPixels]
    const fetches = {
      [session.outputNames[0]!]: ort.Tensor.fromGpuBuffer(output, { dataType: 'int32', dims }),
    }
    return new OnnxOnWebgpu(device, session, feeds, fetches, output, problem.sample.length)
  }

  async step(): Promise<void> {
    await this.session.run(this.feeds, this.fetches)
  }

  async finished(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone()
  }

  async tokens(): Promise<Uint32Array> {
    const { MAP_READ, COPY_DST } = GPUBufferUsage
    const { size } = this.output
    const staging = this.device.createBuffer({ label: 'bench/onnx/staging', size, usage: MAP_READ | COPY_DST })
    const encoder = this.device.createCommandEncoder()
    encoder.copyBufferToBuffer(this.output, 0, staging, 0, size)
    this.device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    const tokens = new Uint32Array(staging.getMappedRange().slice(0)).subarray(0, this.numTokens)
    staging.destroy()
    return tokens
  }

  async release(): Promise<void> {
    await this.session.release()
  }

  destroy(): void {
    for (const tensor of Object.values(this.feeds)) tensor.gpuBuffer.destroy()
    this.output.destroy()
  }
}

/**
 * Without `enableGraphCapture`, which would save time on the host: in 1.30 the second run of the page's first session
 * then fails ("Cannot set properties of undefined", in webgpuRegisterBuffer).
 */
function sessionOptions(device: GPUDevice, { cpuNodes }: StepGraph): ort.InferenceSession.SessionOptions {
  // Not in the types of 1.30. An empty list is refused.
  const forced = cpuNodes.length > 0 ? { forceCpuNodeNames: [...cpuNodes] } : {}
  return {
    executionProviders: [{ name: 'webgpu', device, ...forced }],
    preferredOutputLocation: 'gpu-buffer',
    // That some nodes run on the CPU is meant so.
    logSeverityLevel: 3,
  }
}

function upload(device: GPUDevice, data: ArrayBufferView): GPUBuffer {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage
  const buffer = device.createBuffer({
    label: 'bench/onnx',
    // Its kernels read four numbers at a time; the last of a buffer without padding would be lost.
    size: Math.ceil(data.byteLength / 16) * 16,
    usage: STORAGE | COPY_SRC | COPY_DST,
    mappedAtCreation: true,
  })
  new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  buffer.unmap()
  return buffer
}
