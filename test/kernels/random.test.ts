import { expect } from 'vitest'
import { GpuTensor, requestDevice } from 'vq-diffusion-webgpu'
import random from '../../shaders/lib/random.wgsl'
import { classTailWords, classWords, exponential, pixelKey, type Words } from '../../src/cpu/random'
import { specialise } from '../../src/gpu/shader'
import type { ItemStream } from '../../src/random'
import { gpuTest } from '../support/gpu'

const device = await requestDevice()
const pixels = 256
const groups = 1024
const stream: ItemStream = { seed: [0x89abcdef, 0x01234567], item: 3 }
const counter = 0xfffffff0
const purpose = 0

/** Every word and exponential of `pixels` × 4·`groups` classes: 2²⁰ of each, and the raw exponentials of given words. */
const source = `
//#include "lib/random.wgsl"
@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read_write> variates: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let stream = ItemStream(vec2u(${stream.seed[0]}u, ${stream.seed[1]}u), ${stream.item}u);
  let key = pixel_key(stream, id.y, ${counter}u, ${purpose}u);
  let drawn = class_words(key, id.x);
  let noise = exponentials(key, id.x, drawn);
  for (var i = 0u; i < 4u; i++) {
    words[((id.y * ${groups}u + id.x) * 4u) + i] = drawn[i];
    variates[((id.y * ${groups}u + id.x) * 4u) + i] = noise[i];
  }
}`

gpuTest(device, 'a million random words equal the host’s, their exponentials within 2e-6 of float64', async () => {
  const size = pixels * groups * 4
  const words = GpuTensor.empty(device, [size], 'u32')
  const variates = GpuTensor.empty(device, [size], 'f32')
  const pipeline = device.createComputePipeline({
    label: 'test/random',
    layout: 'auto',
    compute: {
      module: device.createShaderModule({
        label: 'test/random',
        code: specialise({ name: 'test', source, includes: { 'lib/random.wgsl': random }, bindings: {} }),
      }),
    },
  })
  const bindGroup = device.createBindGroup({
    label: 'test/random',
    layout: pipeline.getBindGroupLayout(0),
    entries: [words, variates].map(({ buffer }, binding) => ({ binding, resource: { buffer } })),
  })
  const encoder = device.createCommandEncoder({ label: 'test/random' })
  const pass = encoder.beginComputePass({ label: 'test/random' })
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, bindGroup)
  pass.dispatchWorkgroups(groups / 64, pixels)
  pass.end()
  device.queue.submit([encoder.finish()])

  const [gotWords, gotVariates] = [await words.read(), await variates.read()]
  const want = new Uint32Array(size)
  let worst = 0
  let tails = 0
  for (let pixel = 0; pixel < pixels; pixel++) {
    const key = pixelKey(stream, pixel, counter, purpose)
    for (let group = 0; group < groups; group++) {
      const at = (pixel * groups + group) * 4
      const drawn: Words = classWords(key, group)
      want.set(drawn, at)
      for (let i = 0; i < 4; i++) {
        const exact = exponential(drawn[i]!, () => {
          tails++
          return classTailWords(key, group)[i]!
        })
        worst = Math.max(worst, Math.abs(gotVariates[at + i]! / exact - 1))
      }
    }
  }
  expect(gotWords).toEqual(want)
  expect(worst).toBeLessThan(2e-6)
  // The rare branch with more bits was taken: 16 words below 2¹⁶ are expected among 2²⁰.
  expect(tails).toBeGreaterThan(0)
})
