import * as ort from 'onnxruntime-web/webgpu'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'

const loading = VQDiffusionPipeline.fromPretrained(files, { ort })
let controller = new AbortController()

addEventListener('message', async ({ data: { prompt, ...options } }) => {
  // A new prompt stops the picture in progress.
  controller.abort()
  controller = new AbortController()
  const { signal } = controller
  try {
    const pipe = await loading
    for await (const { step, total, images } of pipe.stream(prompt, { ...options, signal }))
      postMessage({ step, total, images })
  } catch (error) {
    if (!signal.aborted) throw error
  }
})
