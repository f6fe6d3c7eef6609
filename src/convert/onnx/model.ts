import { type Field, protobufMessage } from './protobuf_writer'

/** What converted graphs hold, by the names of TypedArrays. */
export type DataType = 'float32' | 'float16' | 'uint8' | 'int32' | 'int64'

/** TensorProto.DataType. */
const dataTypes: Readonly<Record<DataType, number>> = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10 }

/** Bytes of one element. */
export const bytesOfType: Readonly<Record<DataType, number>> = { float32: 4, float16: 2, uint8: 1, int32: 4, int64: 8 }

/** A constant of a graph, without its content. */
export interface TensorSpec {
  readonly name: string
  readonly dataType: DataType
  readonly dims: readonly number[]
}

export function bytesOf({ dataType, dims }: TensorSpec): number {
  return dims.reduce((a, b) => a * b, bytesOfType[dataType])
}

/** Where the content of a constant is: in the model, or in a file beside it. */
export type Placement =
  | { readonly content: Uint8Array }
  | { readonly location: string; readonly offset: number; readonly length: number }

/** An attribute of a node: an integer, integers, a float, or a text. */
export type Attribute = number | readonly number[] | { readonly float32: number } | string

export interface OnnxNode {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** An input or output. The batch axis, which is dynamic, comes first and is not among the dims. */
export type InterfaceTensor = TensorSpec

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly constants: readonly TensorSpec[]
  readonly inputs: readonly InterfaceTensor[]
  readonly outputs: readonly InterfaceTensor[]
}

/** Operators of onnxruntime's own domain; the others are ONNX's. */
const microsoft = ['Gelu', 'MatMulNBits', 'MultiHeadAttention', 'QuickGelu']

/** The content of an .onnx file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). */
export function encodeModel(graph: OnnxGraph, placementOf: (name: string) => Placement): Uint8Array<ArrayBuffer> {
  return protobufMessage([
    [1, 8], // ir_version: the one of opset 17
    [2, 'vq-diffusion-webgpu'],
    [7, encodeGraph(graph, placementOf)],
    [8, operatorSet('', 17)],
    [8, operatorSet('com.microsoft', 1)],
  ])
}

const operatorSet = (domain: string, version: number) =>
  protobufMessage([
    [1, domain],
    [2, version],
  ])

function encodeGraph(graph: OnnxGraph, placementOf: (name: string) => Placement): Uint8Array {
  const constants = graph.constants.map((constant) => encodeTensor(constant, placementOf(constant.name)))
  return protobufMessage([
    ...fields(1, graph.nodes.map(encodeNode)),
    [2, graph.name],
    ...fields(5, constants),
    ...fields(11, graph.inputs.map(encodeInterface)),
    ...fields(12, graph.outputs.map(encodeInterface)),
  ])
}

const fields = (number: number, values: readonly Field[1][]): Field[] => values.map((value) => [number, value])

function encodeNode({ operator, inputs, output, attributes }: OnnxNode): Uint8Array {
  return protobufMessage([
    ...fields(1, inputs),
    [2, output],
    [3, output],
    [4, operator],
    ...fields(5, Object.entries(attributes).map(encodeAttribute)),
    [7, microsoft.includes(operator) ? 'com.microsoft' : undefined],
  ])
}

function encodeAttribute([name, value]: [string, Attribute]): Uint8Array {
  if (typeof value === 'number') return attribute(name, 2, [[3, value]])
  if (typeof value === 'string') return attribute(name, 3, [[4, value]])
  if ('float32' in value) return attribute(name, 1, [[2, value]])
  return attribute(name, 7, fields(8, value))
}

const attribute = (name: string, type: number, value: readonly Field[]) =>
  protobufMessage([[1, name], ...value, [20, type]])

function encodeTensor({ name, dataType, dims }: TensorSpec, placement: Placement): Uint8Array {
  const placed: Field[] = 'content' in placement ? [[9, placement.content]] : [...external(placement), [14, 1]]
  return protobufMessage([...fields(1, dims), [2, dataTypes[dataType]], [8, name], ...placed])
}

function external(place: { location: string; offset: number; length: number }): Field[] {
  const entry = (key: string, value: string | number) =>
    protobufMessage([
      [1, key],
      [2, String(value)],
    ])
  return fields(13, [entry('location', place.location), entry('offset', place.offset), entry('length', place.length)])
}

function encodeInterface({ name, dataType, dims }: InterfaceTensor): Uint8Array {
  const sizes = [[2, 'batch'] as const, ...dims.map((size) => [1, size] as const)]
  const shape = protobufMessage(sizes.map((size) => [1, protobufMessage([size])]))
  const tensor = protobufMessage([
    [1, dataTypes[dataType]],
    [2, shape],
  ])
  return protobufMessage([
    [1, name],
    [2, protobufMessage([[1, tensor]])],
  ])
}
