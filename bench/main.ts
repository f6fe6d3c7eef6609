import { measure } from './measure'
import type { Options } from './options'
import { pictureFigures } from './pictures'
import type { Measured } from './results'

declare global {
  interface Window {
    bench: typeof bench
  }
}

const log = (line: string) => console.log(line)

/** Called by scripts/bench.mjs, with options that it has read. */
async function bench(options: Options): Promise<Measured> {
  const browser = /(?:Chrome|Firefox|Version)\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? navigator.userAgent
  return measure(options, browser, {
    loadPeer: {
      tfjs: async () => (await import('./peers/tfjs')).tfjs,
      'onnx-webgpu': async () => (await import('./peers/onnx')).onnxWebgpu,
      'onnx-wasm': async () => (await import('./peers/onnx')).onnxWasm,
    },
    ...(options.pictures && { pictures: (device) => pictureFigures(device, 2, log) }),
    log,
  })
}

window.bench = bench
