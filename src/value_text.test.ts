import { expect, it } from 'vitest'
import { CpuTensor } from './cpu'
import { valueText } from './value_text'

/** Every value can be told from every other one. */
it.each<[unknown, string]>([
  [NaN, 'NaN'],
  [-0, '-0'],
  [0, '0'],
  [-Infinity, '-Infinity'],
  [42, '42'],
  [42n, '42n'],
  ['42', '"42" (string)'],
  ['', '"" (string)'],
  ['a"b', '"a\\"b" (string)'],
  [null, 'null'],
  [undefined, 'undefined'],
  [true, 'true'],
  ['true', '"true" (string)'],
  [Symbol('42'), 'Symbol(42)'],
  [Object(42), 'a Number'],
  [[1, '1', 1n, -0, null, [2], {}], '[1, "1", 1n, -0, null, […], {…}]'],
  [new Array(2), '[undefined, undefined]'],
  [{}, 'an empty object'],
  [Object.create(null), 'an empty object'],
  [{ scale: 2, unconditional: 1 }, '{ scale, unconditional }'],
  [new Map(), 'a Map'],
  [Promise.resolve(1), 'a Promise; await it'],
  [new Float32Array(3), 'a Float32Array of 3 elements'],
  [new DataView(new ArrayBuffer(3)), 'a DataView of 3 elements'],
  [Math.max, 'the function max'],
  [new CpuTensor(new Float32Array(6), [2, 3]), 'a CpuTensor of shape [2, 3]'],
  // A tensor of TensorFlow.js.
  [{ dtype: 'float32', shape: [2], buffer: () => {} }, '{ dtype, shape, buffer }'],
  [{ location: 'cpu', dims: [2] }, "a tensor at 'cpu' of shape [2]"],
])('%o is shown as %s', (value, text) => {
  expect(valueText(value)).toBe(text)
})

it('shows the beginning of what is long', () => {
  expect(valueText('x'.repeat(1000))).toBe(`"${'x'.repeat(80)}…" (string)`)
  expect(valueText(new Array(1000).fill(1))).toBe(`[${'1, '.repeat(16)}…]`)
})
