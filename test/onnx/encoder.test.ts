import * as ort from 'onnxruntime-web/webgpu'
import { describe, expect, it } from 'vitest'
import { DtypeError, OptionError, requestDevice, ShapeError } from 'vq-diffusion-webgpu'
import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { createOnnxDecoder, createOnnxEncoder, createOnnxSession } from 'vq-diffusion-webgpu/onnx'
import decoderUrl from '../models/tiny/decoder.onnx?url'
import encoderUrl from '../models/tiny/encoder.onnx?url'
import { gpuTest } from '../support/gpu'

/** The tiny autoencoder's encoder inverts its decoder: it looks for the nearest patch. */
const [decoderModel, encoderModel] = await Promise.all(
  [decoderUrl, encoderUrl].map(async (url) => (await fetch(url)).arrayBuffer()),
)
const device = await requestDevice()
const wasm = await createOnnxSession(ort, encoderModel!, { provider: 'wasm' })
const webgpu = await createOnnxSession(ort, encoderModel!, { provider: 'webgpu', device })
const decoder = createOnnxDecoder({ session: await createOnnxSession(ort, decoderModel!, { provider: 'wasm' }) })

const tokens = new CpuTensor(
  Uint32Array.from({ length: 2 * 16 }, (_, i) => (i * 7 + 3) % 24),
  [2, 16],
)

describe('the encoder', () => {
  for (const [provider, session] of Object.entries({ wasm, webgpu }))
    gpuTest(device, `finds the tokens of a decoded batch, ${provider}`, async () => {
      const encoder = createOnnxEncoder({ session })
      const image = await decoder(tokens)
      for (let call = 0; call < 2; call++) {
        const found = await encoder(image)
        expect(found.shape).toEqual([2, 16])
        expect(found.data).toEqual(tokens.data)
      }
    })

  it('rejects images of another shape, or of another size than their shape', async () => {
    const encoder = createOnnxEncoder({ session: wasm })
    const wrong = { data: new Float32Array(4 * 64), shape: [1, 3, 8, 8] }
    await expect(encoder(wrong)).rejects.toThrow(ShapeError)
    await expect(encoder({ ...wrong, shape: [2, 4, 8, 8] })).rejects.toThrow('needs 512 values; given 256')
  })

  it('rejects a model without such an input and output', () => {
    expect(() => createOnnxEncoder({ session: wasm, input: 'pixels' })).toThrow(OptionError)
    expect(() => createOnnxDecoder({ session: wasm, input: 'rgba', output: 'codes' })).toThrow(DtypeError)
  })
})
