import type { onnx } from 'onnx-proto'

export type Graph = onnx.IGraphProto

export const FLOAT: number
export const INT32: number
export const EXTERNAL: onnx.TensorProto.DataLocation
export function random(scale: number): number
export function weights(name: string, dims: number[], scale: number): onnx.ITensorProto
export function floats(name: string, dims: number[], values: number[]): onnx.ITensorProto
export function integers(name: string, values: readonly number[]): onnx.ITensorProto
export function value(name: string, elemType: number, dims: number[]): onnx.IValueInfoProto
export function node(
  opType: string,
  input: readonly string[],
  output: string,
  attributes?: Readonly<Record<string, number | readonly number[] | string>>,
): onnx.INodeProto
export function microsoftNode(...parts: Parameters<typeof node>): onnx.INodeProto
export function encodeModel(graph: Graph): Uint8Array
export function denoiserGraph(sizes: {
  numLatentPixels: number
  numCodes: number
  textLength: number
  textVocabulary: number
  width: number
  mixing: number
  head: number
}): Graph
export function patchDecoderGraph(sizes: {
  rows: number
  columns: number
  channels: number
  codebook: onnx.ITensorProto
}): Graph
