import { GpuTensor, requestDevice, VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'

const colours = ['#264653', '#2a9d8f', '#e9c46a', '#e76f51']

// The network: a class is as likely as it is frequent around the pixel. Masks, class 4, do not count.
const wgsl = `
  @group(0) @binding(0) var<storage> x_t: array<u32>;
  @group(0) @binding(1) var<storage, read_write> logits: array<array<f32, 4>>;

  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    var counts = array<f32, 5>();
    for (var i = 0u; i < 9; i++) {
      let at = vec2u(id.x % 32, id.x / 32) + vec2u(i % 3, i / 3) - 1;
      if (all(at < vec2u(32))) { counts[x_t[32 * at.y + at.x]] += 2; }
    }
    logits[id.x] = array(counts[0], counts[1], counts[2], counts[3]);
  }`

const device = await requestDevice()
const module = device.createShaderModule({ code: wgsl })
const network = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } })
const logits = GpuTensor.empty(device, [1, 1024, 4], 'f32')

function denoiser({ sample }) {
  const entries = [sample, logits].map(({ buffer }, binding) => ({ binding, resource: { buffer } }))
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(network)
  pass.setBindGroup(0, device.createBindGroup({ layout: network.getBindGroupLayout(0), entries }))
  pass.dispatchWorkgroups(1024 / 64)
  pass.end()
  device.queue.submit([encoder.finish()])
  return logits
}

const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 5 })
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const result = await pipeline.generate({ numLatentPixels: 1024, numInferenceSteps: 25, seed: 42 })
const tokens = await result.read()

const context = document.querySelector('canvas').getContext('2d')
tokens.forEach((token, pixel) => {
  context.fillStyle = colours[token]
  context.fillRect(pixel % 32, Math.floor(pixel / 32), 1, 1)
})
