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

/** What an application that recovers from a loss relies on: nothing waits for ever, and another device computes the same. */
it('a network whose device is lost fails, can be destroyed, and computes the same on another device', async () => {
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
