import * as ort from 'onnxruntime-web/webgpu'
import { expect } from 'vitest'
import { commands } from 'vitest/browser'
import { requestDevice } from 'vq-diffusion-webgpu'
import { createOnnxSession, type OnnxSessionOptions } from 'vq-diffusion-webgpu/onnx'
import { bytesOfBase64 } from '../support/base64'
import { gpuTest } from '../support/gpu'

const device = await requestDevice()
const names = await commands.fullWidthNames()

/** Pseudo-random values between −1 and 1, the same in every run. */
function values(length: number): Float32Array<ArrayBuffer> {
  let state = 1
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 31 - 1
  })
}

/** Inputs of one row for what the model declares. */
function inputsOf(session: Awaited<ReturnType<typeof createOnnxSession>>): Record<string, ort.Tensor> {
  const isFloat = (name: string) => ['x', 'encoder_hidden_states'].includes(name)
  const shapeOf = (name: string, type: 'int32' | 'float32') =>
    session.inputShape(name, type).map((size) => (typeof size === 'number' ? size : 1))
  return Object.fromEntries(
    session.inputNames.map((name) => {
      const type = isFloat(name) ? 'float32' : 'int32'
      const shape = shapeOf(name, type)
      const length = shape.reduce((a, b) => a * b, 1)
      const tensor =
        type === 'float32'
          ? new ort.Tensor('float32', values(length), shape)
          : new ort.Tensor(
              'int32',
              Int32Array.from({ length }, (_, i) => (i * 7) % (name === 't' ? 2 : 65)),
              shape,
            )
      return [name, tensor]
    }),
  )
}

/** The output, and the seconds of the run, with the compilation of shaders on WebGPU. */
async function run(model: Uint8Array<ArrayBuffer>, options: OnnxSessionOptions) {
  const session = await createOnnxSession(ort, model, options)
  const output = session.inputNames.includes('x') ? 'y' : 'logits'
  const inputs = inputsOf(session)
  const result = await session.whenFree(async () => {
    const begun = performance.now()
    const data = await (await session.run(inputs, { [output]: null }))[output]!.getData(true)
    return { data: data as Float32Array, seconds: (performance.now() - begun) / 1000 }
  })
  await session.destroy()
  return result
}

for (const name of names)
  gpuTest(
    device,
    `WebGPU computes what WebAssembly does at the widths of ITHQ: ${name}`,
    async () => {
      const model = bytesOfBase64(await commands.fullWidthModel(name))
      const wasm = await run(model.slice(), { provider: 'wasm' })
      const webgpu = await run(model, { provider: 'webgpu', device })
      let [squares, errors] = [0, 0]
      expect(webgpu.data.length).toBe(wasm.data.length)
      for (const [i, value] of wasm.data.entries()) {
        squares += value ** 2
        errors += (value - webgpu.data[i]!) ** 2
      }
      const relative = Math.sqrt(errors / squares)
      console.log(
        `${name}: error ${relative.toExponential(1)} of the root mean square; ` +
          `WebAssembly ${wasm.seconds.toFixed(2)} s, WebGPU ${webgpu.seconds.toFixed(1)} s`,
      )
      // That of the normalised feature maps is 1e-5: WebAssembly adds their 131,072 values one by one in float32.
      expect(relative).toBeLessThan(2e-5)
    },
    // A software adapter does less than 1 GFLOP/s.
    3_600_000,
  )
