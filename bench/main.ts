import { pictureFigures } from './cases/pictures'
import type { Selection } from './cases/plan'
import type { Measured } from './report/results'
import { measure } from './run'

/** Called by scripts/bench.mjs with the options it has read. */
function bench(selection: Selection): Promise<Measured> {
  return measure(selection, {
    runtime: /(?:Chrome|Firefox|Version)\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? navigator.userAgent,
    peers: {
      tfjs: async () => (await import('./peers/tfjs')).tfjs,
      'onnx-webgpu': async () => (await import('./peers/onnx')).onnxWebgpu,
      'onnx-wasm': async () => (await import('./peers/onnx')).onnxWasm,
    },
    pictures: pictureFigures,
    log: (line) => console.log(line),
  })
}

Object.assign(window, { bench })
