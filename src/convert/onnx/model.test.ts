import onnxProto from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { externalFiles } from '../../onnx/external_data'
import { GraphBuilder } from './graph_builder'
import { encodeModel } from './model'

const { onnx } = onnxProto

function example() {
  const graph = new GraphBuilder('example')
  const x = graph.input({ name: 'x', dataType: 'int32', dims: [3] })
  const [table] = graph.addConstants([{ name: 'table', dataType: 'float32', dims: [300, 2] }], async () => [])
  const rows = graph.node('Gather', [table!, x])
  const active = graph.node('QuickGelu', [rows], { alpha: { float32: 1.702 } })
  const sized = graph.node('Reshape', [active, graph.integers(0, -1)])
  graph.node('Resize', [sized, '', 'table'], { mode: 'nearest', axis: -1, pads: [0, -1, 2] }, 'y')
  graph.outputs.push({ name: 'y', dataType: 'float32', dims: [6] })
  const model = encodeModel(graph, (name) =>
    name === 'table'
      ? { location: 'weights.01.bin', offset: 5_000_000_000, length: 2400 }
      : { content: new Uint8Array(BigInt64Array.of(0n, -1n).buffer) },
  )
  return { model, decoded: onnx.ModelProto.toObject(onnx.ModelProto.decode(model), { longs: Number }) }
}

describe('an encoded model', () => {
  const { model, decoded } = example()
  const graph = decoded.graph!

  it('is read back as it was built', () => {
    expect(decoded.irVersion).toBe(8)
    expect(decoded.opsetImport).toEqual([
      { domain: '', version: 17 },
      { domain: 'com.microsoft', version: 1 },
    ])
    expect(graph.node!.map(({ opType, domain }: { opType: string; domain?: string }) => [opType, domain])).toEqual([
      ['Gather', undefined],
      ['QuickGelu', 'com.microsoft'],
      ['Reshape', undefined],
      ['Resize', undefined],
    ])
    const [gather, gelu, , resize] = graph.node!
    expect(gather!.input).toEqual(['table', 'x'])
    expect(gelu!.attribute![0]).toMatchObject({ name: 'alpha', type: 1, f: Math.fround(1.702) })
    expect(resize!.input).toEqual(['Reshape_2', '', 'table'])
    expect(resize!.output).toEqual(['y'])
    const [mode, axis, pads] = resize!.attribute!
    expect(new TextDecoder().decode(mode!.s)).toBe('nearest')
    expect(axis).toMatchObject({ type: 2, i: -1 })
    expect(pads).toMatchObject({ type: 7, ints: [0, -1, 2] })
  })

  it('has a dynamic batch axis before the axes of inputs and outputs', () => {
    const axes = (value: object) =>
      (value as { type: { tensorType: { shape: { dim: object[] } } } }).type.tensorType.shape.dim
    expect(axes(graph.input![0]!)).toEqual([{ dimParam: 'batch' }, { dimValue: 3 }])
    expect(axes(graph.output![0]!)).toEqual([{ dimParam: 'batch' }, { dimValue: 6 }])
  })

  it('keeps small constants, and names the places of others', () => {
    const [table, integers] = graph.initializer!
    expect(integers).toMatchObject({ name: 'integers_0_-1', dataType: 7, dims: [2] })
    expect(new Uint8Array(integers!.rawData!)).toEqual(new Uint8Array(BigInt64Array.of(0n, -1n).buffer))
    expect(table).toMatchObject({ name: 'table', dataType: 1, dims: [300, 2], dataLocation: 1 })
    expect(externalFiles(model)).toEqual(new Map([['weights.01.bin', 5_000_002_400]]))
  })
})
