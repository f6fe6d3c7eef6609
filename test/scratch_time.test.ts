import * as tf from '@tensorflow/tfjs-core'
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import { it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
it('micro', { timeout: 300_000 }, async () => {
  const device = await requestDevice()
  tf.registerBackend('own', () => new WebGPUBackend(device, device.adapterInfo), 4)
  for (const k of tf.getKernelsForBackend('webgpu')) tf.registerKernel({ ...k, backendName: 'own' })
  await tf.setBackend('own')
  tf.env().set('WEBGPU_CPU_FORWARD', false)
  const backend = tf.backend() as WebGPUBackend
  const [N, K] = [256, 4096]
  const data = Float32Array.from({ length: N * K }, (_, i) => ((i * 2654435761) % 16777216) / 16777216)
  const a = tf.tensor(data, [N, K]); const col = tf.tensor(data.slice(0, N), [N, 1])
  const flush = async () => { backend.ensureCommandEncoderReady(); backend.endComputePassEncoder(); backend.submitQueue(); await device.queue.onSubmittedWorkDone() }
  const ops: Record<string, () => any> = {
    topk: () => tf.topk(a, K, true).values,
    topkUnsorted: () => tf.topk(a, K, false).values,
    cumsum: () => tf.cumsum(a, 1, true),
    greaterMulSum: () => tf.sum(tf.reshape(tf.mul(a, tf.cast(tf.greater(a, col), 'float32')), [N * 2, K / 2]), 1),
    reluSum: () => tf.sum(tf.reshape(tf.relu(tf.sub(a, col)), [N * 2, K / 2]), 1),
  }
  for (const [name, op] of Object.entries(ops)) {
    const times: number[] = []
    for (let i = 0; i < 3; i++) { const t0 = performance.now(); const r = tf.tidy(op); r.dispose(); await flush(); times.push(performance.now() - t0) }
    console.log('TIME', name, times.map((t) => t.toFixed(1)).join(' '))
  }
})
