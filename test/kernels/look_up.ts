import { GpuTensor } from 'vq-diffusion-webgpu'
import { codebook, specialise } from 'vq-diffusion-webgpu/shaders'

/** The vectors of tokens: f32 [B, E, N] of tokens u32 [B, N] and a codebook f32 [K, E]. */
export function lookUp(device: GPUDevice, tokens: GpuTensor, vectors: GpuTensor): GpuTensor<'f32'> {
  const [B = 0, N = 0] = tokens.shape
  const [K = 0, E = 0] = vectors.shape
  const module = device.createShaderModule({ code: specialise(codebook) })
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, constants: { NUM_CODES: K } } })

  const size = B * E * N
  const parameters = Uint32Array.of(size, N, E, tokens.offset, vectors.offset) // the fields of the struct Codebook
  const embeddings = GpuTensor.empty(device, [B, E, N], 'f32')
  const tensors: Record<string, GpuTensor> = {
    parameters: GpuTensor.from(device, parameters, [5]),
    tokens,
    codebook: vectors,
    embeddings,
    faults: GpuTensor.empty(device, [2], 'u32'), // the second counts tokens that have no vector
  }
  const entries = Object.entries(codebook.bindings).map(([name, { binding }]) => {
    return { binding, resource: { buffer: tensors[name]!.buffer } }
  })
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
  pass.dispatchWorkgroups(Math.ceil(size / 64))
  pass.end()
  device.queue.submit([encoder.finish()])
  return embeddings
}
