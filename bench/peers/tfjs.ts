import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'
import type { Peer } from './peer'
import { UnableError } from './refusal'
import { type Node, stepGraph } from './step_graph'

const backendName = 'webgpu-of-the-benchmark'

/** TensorFlow.js on its WebGPU backend, on our device. One problem at a time: it has one current backend. */
export const tfjs: Peer = async (problem) => {
  const { device, dtype, own } = problem
  if (dtype === 'f16') throw new UnableError('it has no half-precision tensors')
  const backend = await openBackend(device)
  // Tensors and the pool of buffers go with the backend.
  own({ destroy: () => tf.removeBackend(backendName) })
  // Its Softmax takes almost twice as long on SwiftShader, where a barrier is expensive.
  const { nodes, constants, inputs, output } = stepGraph(problem, { softmax: false })
  const resident = Object.entries({ ...constants, ...inputs }).map(
    ([name, { data, dims }]) => [name, tf.tensor(data as Float32Array | Int32Array, [...dims])] as const,
  )
  const run = () => {
    const values = new Map<string, tf.Tensor>(resident)
    for (const node of nodes) {
      const [a, b, c] = node.inputs.map((name) => values.get(name)!)
      values.set(node.name, operators[node.type]!(node, a!, b!, c!))
    }
    return values.get(output)!
  }
  let tokens: tf.Tensor | undefined
  const step = () => {
    tokens?.dispose()
    tokens = tf.tidy(run)
    // It has submitted by itself what came before; without an encoder it fails, and it drops what an open pass holds.
    backend.ensureCommandEncoderReady()
    backend.endComputePassEncoder()
    backend.submitQueue()
  }
  const finished = () => device.queue.onSubmittedWorkDone()
  step()
  await finished()
  return { step, finished, tokens: async () => new Uint32Array(await tokens!.data()) }
}

type Operator = (node: Node, a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => tf.Tensor

const operators: Readonly<Record<string, Operator>> = {
  Add: (_, a, b) => tf.add(a, b),
  Sub: (_, a, b) => tf.sub(a, b),
  Mul: (_, a, b) => tf.mul(a, b),
  Div: (_, a, b) => tf.div(a, b),
  Log: (_, a) => tf.log(a),
  Exp: (_, a) => tf.exp(a),
  Less: (_, a, b) => tf.less(a, b),
  Equal: (_, a, b) => tf.equal(a, b),
  Where: (_, a, b, c) => tf.where(a, b, c),
  Gather: (_, values, indices) => tf.gather(values, indices),
  Reshape: ({ integers }, value) => tf.reshape(value, [...integers!]),
  ArgMax: (_, value) => tf.reshape(tf.argMax(value, 1), [-1, 1]),
  ArgMin: (_, value) => tf.reshape(tf.argMin(value, 1), [-1, 1]),
  TopK: ({ integers }, value) => tf.topk(value, integers![0], true).values,
  CumSum: (_, value) => tf.cumsum(value, 1, true),
  ReduceMin: (_, value) => tf.min(value, 1, true),
  // In halves for as long as that makes workgroups of 64.
  ReduceSum: (_, value) => {
    const [columns, classes] = value.shape as [number, number]
    let parts = 1
    while (classes / parts >= 4096 && classes % (parts * 2) === 0) parts *= 2
    const sums = tf.sum(tf.reshape(value, [columns * parts, classes / parts]), 1)
    return tf.sum(tf.reshape(sums, [columns, parts]), 1, true)
  },
}

async function openBackend(device: GPUDevice): Promise<WebGPUBackend> {
  const backend = new WebGPUBackend(device, device.adapterInfo)
  if (tf.findBackendFactory(backendName)) tf.removeBackend(backendName)
  tf.registerBackend(backendName, () => backend)
  if (tf.getKernelsForBackend(backendName).length === 0)
    for (const kernel of tf.getKernelsForBackend('webgpu')) tf.registerKernel({ ...kernel, backendName })
  await tf.setBackend(backendName)
  // Small tensors would be computed on the host, and be waited for.
  tf.env().set('WEBGPU_CPU_FORWARD', false)
  return backend
}
