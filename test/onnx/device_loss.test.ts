import * as ort from 'onnxruntime-web/webgpu'
import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { createOnnxDecoder, createOnnxSession } from 'vq-diffusion-webgpu/onnx'
import decoderUrl from '../models/tiny/decoder.onnx?url'

const model = await (await fetch(decoderUrl)).arrayBuffer()
const codes = new CpuTensor(
  Uint32Array.from({ length: 16 }, (_, i) => i),
  [1, 16],
)

async function decoderOn(device: GPUDevice) {
  const session = await createOnnxSession(ort, model, { provider: 'webgpu', device })
  return { session, decoder: createOnnxDecoder({ session }) }
}

/** An application that recovers from the loss of a device relies on this: no promise stays pending, and results are the same. */
it('the calls of a network reject when its device is lost; it can be destroyed, and gives the same image on another device', async () => {
  const device = await requestDevice()
  const first = await decoderOn(device)
  const { data } = await first.decoder(codes)
  const underWay = first.decoder(codes)
  device.destroy()
  await expect(underWay).rejects.toThrow()
  await expect(first.decoder(codes)).rejects.toThrow()
  first.decoder.destroy()
  await first.session.destroy()
  const second = await decoderOn(await requestDevice())
  expect((await second.decoder(codes)).data).toEqual(data)
})
