import onnxProto from 'onnx-proto'
import type * as Ort from 'onnxruntime-web'
import { encodeModel, integers, node } from '../../test/models/onnx_graph.mjs'
import { allocate } from '../cases/data'
import type { Peer, PreparedPeer, Problem } from './peer'
import { UnableError } from './refusal'
import { type StepGraph, stepGraph, type Tensor } from './step_graph'

/** onnxruntime-web on WebAssembly. Every run copies its inputs: there is no other way to give it numbers. */
export const onnxWasm: Peer = async (problem) => {
  const ort = await import('onnxruntime-web/wasm')
  return prepare(problem, {
    create: (model) => ort.InferenceSession.create(model, { executionProviders: ['wasm'], logSeverityLevel: 3 }),
    // A union of types and arrays fits none of the overloads; one of its members does.
    tensorOf: async ({ data, dims }) => new ort.Tensor(typeName(data) as 'float32', data as Float32Array, dims),
  })
}

/** onnxruntime-web on its WebGPU provider, on our device; inputs and output stay there. */
export const onnxWebgpu: Peer = async (problem) => {
  const { device, dtype, own } = problem
  if (dtype === 'f16' && !device.features.has('shader-f16'))
    throw new UnableError('it reads half-precision logits only with shader-f16, which this device lacks')
  const ort = await import('onnxruntime-web/webgpu')
  const prepared = await prepare(problem, {
    create: (model, { cpuNodes }) => {
      // Not in the types of 1.30. An empty list is refused.
      const forced = cpuNodes.length > 0 ? { forceCpuNodeNames: [...cpuNodes] } : {}
      // `enableGraphCapture` would save time on the host, but in 1.30 the second run of a page's first session then fails
      // ("Cannot set properties of undefined", in webgpuRegisterBuffer).
      return ort.InferenceSession.create(model, {
        executionProviders: [{ name: 'webgpu', device, ...forced }],
        preferredOutputLocation: 'gpu-buffer',
        // It warns of nodes on the CPU, which are intended.
        logSeverityLevel: 3,
      })
    },
    tensorOf: async ({ data, dims }) => {
      const buffer = own(await allocate(device, 'bench/onnx', data.byteLength))
      const padded = new Uint8Array(buffer.size)
      padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      device.queue.writeBuffer(buffer, 0, padded)
      return ort.Tensor.fromGpuBuffer(buffer, { dataType: typeName(data), dims })
    },
  })
  const finished = () => device.queue.onSubmittedWorkDone()
  await finished()
  return { ...prepared, finished }
}

async function prepare(
  problem: Problem,
  provider: {
    create(model: Uint8Array, graph: StepGraph): Promise<Ort.InferenceSession>
    tensorOf(tensor: Tensor): Promise<Ort.Tensor>
  },
): Promise<PreparedPeer> {
  try {
    const graph = stepGraph(problem, { softmax: true })
    const session = await provider.create(encode(graph), graph)
    problem.own({ destroy: () => session.release() })
    const feeds: Record<string, Ort.Tensor> = {}
    for (const [name, tensor] of Object.entries(graph.inputs)) feeds[name] = await provider.tensorOf(tensor)
    let output: Ort.Tensor | undefined
    const step = async () => {
      output?.dispose()
      output = (await session.run(feeds))[graph.output]!
    }
    await step()
    return { step, tokens: async () => new Uint32Array((await output!.getData()) as Int32Array) }
  } catch (cause) {
    // Its complaints, of memory or of a missing kernel, are reasons too.
    throw new UnableError(`onnxruntime-web: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** The graph as an ONNX model. */
function encode({ nodes, constants, inputs, output }: StepGraph): Uint8Array {
  const { FLOAT, FLOAT16, INT32 } = onnxProto.onnx.TensorProto.DataType
  const elementTypes = { float32: FLOAT, float16: FLOAT16, int32: INT32 }
  const initializer: object[] = Object.entries(constants).map(([name, { data, dims }]) => {
    const values = data instanceof Int32Array ? { int32Data: [...data] } : { floatData: [...data] }
    return { name, dims: [...dims], dataType: elementTypes[typeName(data)], ...values }
  })
  const encoded = nodes.map(({ type, name, inputs: values, integers: list, attributes }) => {
    const input = [...values]
    if (list) {
      input.push(`${name}_integers`)
      initializer.push(integers(`${name}_integers`, list))
    }
    const output = type === 'TopK' ? [name, `${name}_indices`] : [name]
    return { ...node(type, input, name, attributes), output }
  })
  const described = (name: string, elemType: number, dims: readonly number[]) => {
    const shape = { dim: dims.map((dimValue) => ({ dimValue })) }
    return { name, type: { tensorType: { elemType, shape } } }
  }
  return encodeModel({
    name: 'step',
    node: encoded,
    initializer,
    input: Object.entries(inputs).map(([name, { data, dims }]) => described(name, elementTypes[typeName(data)], dims)),
    output: [described(output, INT32, nodes.at(-1)!.integers!)],
  })
}

function typeName(data: Tensor['data']): 'float32' | 'float16' | 'int32' {
  if (data instanceof Float32Array) return 'float32'
  return data instanceof Int32Array ? 'int32' : 'float16'
}
