import { values } from '../errors/sweep'

/** Values of wrong kinds, by the names in a description. */
export const wrongValues: Readonly<Record<string, unknown>> = {
  ...values,
  '-0': -0,
  '-Infinity': -Infinity,
  '1e-300': 1e-300,
  '1e30': 1e30,
  'negative bigint': -1n,
  false: false,
  'list of NaN': [NaN],
  'nested list': [[1, 3]],
  'long list': new Array(1000).fill(0),
  'class instance': new (class Tensor {
    shape = [1, 3]
    dtype = 'u32'
  })(),
  'onnx tensor on the host': { location: 'cpu', type: 'float32', dims: [1, 4, 3], data: new Float32Array(12) },
  'onnx tensor of another type': { location: 'gpu-buffer', type: 'int64', dims: [1, 3], gpuBuffer: {} },
  'onnx tensor without a buffer': { location: 'gpu-buffer', type: 'float32', dims: [1, 4, 3] },
  map: new Map(),
  error: new Error('given'),
  'number object': Object(1),
}

/** Those that no parameter and no option takes. */
export const neverTaken: readonly string[] = [
  'symbol',
  'date',
  'promise',
  'map',
  'nested list',
  'number object',
  'error',
]
