import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'
import { type DenoiserInput, GpuTensor, VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'

await tf.setBackend('webgpu')
// Otherwise TensorFlow.js computes small tensors on the CPU, where the scheduler cannot read them.
tf.env().set('WEBGPU_CPU_FORWARD', false)
// Both work on the device of TensorFlow.js, so tokens and logits never leave it.
const { device } = tf.backend() as WebGPUBackend

// The network: a class is as likely as it is frequent around the pixel. Masks, class 4, have no one-hot channel.
const weights: tf.Tensor4D = tf.fill([3, 3, 4, 1], 2)
function network(tokens: tf.Tensor): tf.Tensor {
  const channels = tf.oneHot(tf.reshape(tokens, [1, 32, 32]), 4, 1, 0, 'float32') as tf.Tensor4D
  return tf.reshape(tf.depthwiseConv2d(channels, weights, 1, 'same'), [1, 1024, 4])
}

let logits: tf.GPUData | undefined
function denoiser({ sample: { buffer, shape } }: DenoiserInput<GpuTensor, unknown>): GpuTensor {
  logits?.tensorRef.dispose()
  const output = tf.tidy(() => network(tf.tensor({ buffer, zeroCopy: true }, [...shape], 'int32')))
  logits = output.dataToGPU()
  output.dispose()
  return GpuTensor.borrow(device, logits.buffer!, [1, 1024, 4], 'f32')
}

const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 5 })
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const options = { numLatentPixels: 1024, numInferenceSteps: 25, seed: 42 }
const tokens = await (await pipeline.generate(options)).read()

const colours = ['#264653', '#2a9d8f', '#e9c46a', '#e76f51']
const context = document.querySelector('canvas')!.getContext('2d')!
tokens.forEach((token, pixel) => {
  context.fillStyle = colours[token]!
  context.fillRect(pixel % 32, Math.floor(pixel / 32), 1, 1)
})
