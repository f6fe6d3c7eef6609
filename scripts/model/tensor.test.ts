import onnxProto from 'onnx-proto'
import { expect, it } from 'vitest'
import { tensorsOf } from './tensor.mjs'

const { FLOAT, FLOAT16, INT8, INT32 } = onnxProto.onnx.TensorProto.DataType
const initializer = (dataType: number, values: ArrayBufferView<ArrayBuffer>) => {
  // At an odd place of its buffer, as in a message.
  const rawData = new Uint8Array(values.byteLength + 1).subarray(1)
  rawData.set(new Uint8Array(values.buffer))
  return { name: 'a', dims: [values.byteLength], dataType, rawData }
}
const valuesOf = (dataType: number, values: ArrayBufferView<ArrayBuffer>) =>
  tensorsOf({ initializer: [initializer(dataType, values)] }).get('a')!.values

it('has the values of int8, float32 and float16', () => {
  expect(valuesOf(INT8, Int8Array.of(-128, 0, 127))).toEqual(Int8Array.of(-128, 0, 127))
  expect(valuesOf(FLOAT, Float32Array.of(0.1, -2))).toEqual(Float32Array.of(0.1, -2))
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x7bff, 0x0001, 0x8000)
  expect(valuesOf(FLOAT16, halves)).toEqual(Float32Array.of(1, -2, 0.333251953125, 65504, 2 ** -24, -0))
  expect(() => valuesOf(INT32, Int32Array.of(1))).toThrow('tensor a needs to be float32, float16 or int8')
})
