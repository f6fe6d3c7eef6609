import { AutoModelForMaskedLM, env, Tensor } from '@huggingface/transformers'
import * as ort from 'onnxruntime-web/webgpu'
import { requestDevice, VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'

// The network is in public/models, nothing is loaded from other servers.
env.allowRemoteModels = false
env.allowLocalModels = true
env.localModelPath = '/models/'
ort.env.wasm.wasmPaths = undefined // by default a CDN

const device = await requestDevice()
const model = await AutoModelForMaskedLM.from_pretrained('neighbours', {
  dtype: 'fp32',
  device: 'webgpu',
  // On the scheduler's device, so tokens and logits never leave it.
  session_options: { executionProviders: [{ name: 'webgpu', device }], preferredOutputLocation: 'gpu-buffer' },
})

let logits
async function denoiser({ sample: { buffer, shape } }) {
  logits?.dispose()
  const input_ids = new Tensor(ort.Tensor.fromGpuBuffer(buffer, { dataType: 'int32', dims: shape }))
  const output = await model({ input_ids })
  logits = output.logits
  return logits.ort_tensor
}

const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 5 })
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const result = await pipeline.generate({ numLatentPixels: 1024, numInferenceSteps: 25, seed: 42 })
const tokens = await result.read()

const colours = ['#264653', '#2a9d8f', '#e9c46a', '#e76f51']
const context = document.querySelector('canvas').getContext('2d')
tokens.forEach((token, pixel) => {
  context.fillStyle = colours[token]
  context.fillRect(pixel % 32, Math.floor(pixel / 32), 1, 1)
})
