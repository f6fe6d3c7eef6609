import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { WgslReflect } from 'wgsl_reflect'
import addNoise from '../../shaders/add_noise.wgsl'
import applyCumulative from '../../shaders/apply_cumulative.wgsl'
import codebook from '../../shaders/codebook.wgsl'
import guide from '../../shaders/guide.wgsl'
import gumbelNoised from '../../shaders/gumbel_noised.wgsl'
import initialSample from '../../shaders/initial_sample.wgsl'
import posterior from '../../shaders/posterior.wgsl'
import step from '../../shaders/step.wgsl'
import { type Shader, specialise } from '../../src/gpu/shader'
import puritySelect from '../../src/samplers/purity/select.wgsl'
import { gpuTest } from '../support/gpu'

/**
 * The parameters lie where WGSL reads them: every call uploads known values, which are read back by the names and offsets
 * that a reflection library finds in the shader.
 */
const device = await requestDevice()
const [K, N, B] = [7, 5, 2]
const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1, num_train_timesteps: 10 })

const uploads: Uint32Array[] = []
const { queue } = device
const writeBuffer = queue.writeBuffer.bind(queue)
queue.writeBuffer = ((
  buffer: GPUBuffer,
  offset: number,
  data: Uint32Array<ArrayBuffer>,
  start?: number,
  size?: number,
) => {
  if (buffer.label.endsWith('/parameters')) uploads.push(data.slice(start, start! + size!))
  writeBuffer(buffer, offset, data, start, size)
}) as typeof queue.writeBuffer

/** The parameters of a kernel's last upload, by name; the items too. */
function reflect(source: Shader, struct: string, words: Uint32Array) {
  const { structs } = new WgslReflect(specialise(source))
  const floats = new Float32Array(words.buffer)
  const parameters = structs.find(({ name }) => name === struct)!
  const read = (type: string, at: number): number | number[] => {
    if (type === 'f32') return floats[at]!
    if (type === 'u32') return words[at]!
    if (type === 'vec2u' || type === 'vec2<u32>') return [...words.slice(at, at + 2)]
    if (type === 'vec4f' || type === 'vec4<f32>') return [...floats.slice(at, at + 4)]
    throw new Error(`a member of type ${type}`)
  }
  const record = (name: string, base: number): Record<string, unknown> => {
    const found = structs.find((candidate) => candidate.name === name)
    if (!found) return { value: read(name, base) }
    return Object.fromEntries(
      found.members.map(({ name: member, type, offset }) => {
        const at = base + offset / 4
        return [
          member,
          structs.some((other) => other.name === type.name) ? record(type.name, at) : read(type.getTypeName(), at),
        ]
      }),
    )
  }
  const header: Record<string, unknown> = {}
  let items: Record<string, unknown>[] = []
  let stride = 0
  for (const { name, type, offset } of parameters.members) {
    if (!type.isArray) header[name] = read(type.getTypeName(), offset / 4)
    else {
      const array = type as typeof type & { format: { name: string; getTypeName(): string }; stride: number }
      stride = array.stride
      const count = Math.floor((words.length * 4 - offset) / stride)
      const element = structs.some((other) => other.name === array.format.name)
        ? array.format.name
        : array.format.getTypeName()
      items = Array.from({ length: count }, (_, i) => record(element, (offset + i * stride) / 4))
    }
  }
  return { header, items, stride }
}

/** What a call uploads last, read through a struct of a shader. */
function packedBy(call: () => void, source: Shader, struct: string, nth = -1) {
  uploads.length = 0
  call()
  return reflect(source, struct, uploads.at(nth)!)
}

const tokens = () => GpuTensor.from(device, new Uint32Array(2 * B * N), [2 * B, N]).slice(B, 2 * B) // offset 10
const logits = () => GpuTensor.from(device, new Float32Array(3 * B * N * K), [3 * B, N, K]).slice(B, 3 * B) // offset 70
const seeds = () => {
  const generator = new RandomGenerator([0x1_0000_0002n, 0x3_0000_0004n])
  generator.nextCounter()
  return generator
}

describe('host packing equals WGSL', () => {
  gpuTest(device, 'Step', async () => {
    const known = { tokens: tokens(), mask: tokens() }
    const { header, items } = packedBy(
      () =>
        scheduler.step(logits(), [7, 5], tokens(), {
          generator: seeds(),
          layout: 'pixel-major',
          previousTimestep: [3, 1],
          known,
          guidance: { scale: 2.5 },
          truncationRate: 0.75,
          predOriginalSample: true,
        }),
      step,
      'Step',
    )
    expect(header).toEqual({
      num_tokens: B * N,
      num_pixels: N,
      counter: 1,
      flags: 1,
      tile: 64,
      conditional_offset: 140,
      unconditional_offset: 70,
      sample_offset: 10,
      prev_sample_offset: 0,
      x_0_offset: 0,
      class_stride: 1,
      pixel_stride: K,
      guidance_scale: 2.5,
      truncation_rate: 0.75,
      known_tokens_offset: 10,
      known_mask_offset: 10,
      num_kinds: 1,
    })
    expect(items).toHaveLength(B)
    expect(items[1]).toMatchObject({ stream: { seed: [4, 3], item: 0 }, mask_possible: 1 })
    const at = (log: Float32Array, t: number) => Math.exp(log[t]!) * 2 ** 31
    // The forward process at u = 1, and the mask's share of the masked row at u/t = 1/5.
    const [kept, masked] = (items[1] as { known: number[] }).known
    expect(Math.abs(kept! - at(scheduler.logCumprodAt, 1)) / 2 ** 31).toBeLessThan(1e-6)
    expect(Math.abs(masked! - kept! - at(scheduler.logCumprodCt, 1)) / 2 ** 31).toBeLessThan(1e-6)
    const share = (items[1] as { masked: number[] }).masked[0]! / 2 ** 31
    expect(share).toBeCloseTo(Math.exp(scheduler.logCumprodCt[1]! - scheduler.logCumprodCt[5]!), 5)
    for (const name of ['settled', 'differs', 'agrees'])
      expect((items[0] as Record<string, number[]>)[name]).toHaveLength(2)
  })

  gpuTest(device, 'Step: a truncation rate below 0 is 0', async () => {
    const generator = new RandomGenerator(1)
    const common = { generator, layout: 'pixel-major', previousTimestep: 1 } as const
    for (const truncationRate of [0, -1, -Infinity]) {
      const call = () => scheduler.step(logits().slice(0, B), 5, tokens(), { ...common, truncationRate })
      expect(packedBy(call, step, 'Step').header.truncation_rate).toBe(0)
    }
  })

  gpuTest(device, 'InitialSample', async () => {
    const { header, items, stride } = packedBy(
      () => scheduler.initialSample([B, N], { generator: seeds() }),
      initialSample,
      'InitialSample',
    )
    expect(header).toMatchObject({ num_tokens: B * N, num_pixels: N, counter: 1 })
    expect(stride).toBe(16)
    expect(items).toEqual([
      { seed: [2, 1], item: 0 },
      { seed: [4, 3], item: 0 },
    ])
  })

  gpuTest(device, 'AddNoise', async () => {
    const { header, items } = packedBy(
      () => scheduler.addNoise(tokens(), [0, 9], { generator: seeds() }),
      addNoise,
      'AddNoise',
    )
    expect(header).toEqual({ num_tokens: B * N, num_pixels: N, counter: 1, x_0_offset: 10 })
    expect(items[1]).toMatchObject({ stream: { seed: [4, 3], item: 0 } })
    const [kept, masked] = (items[1] as { thresholds: number[] }).thresholds
    expect(kept! / 2 ** 31).toBeCloseTo(9e-6, 8)
    expect((masked! - kept!) / 2 ** 31).toBeCloseTo(0.99999, 6)
  })

  gpuTest(device, 'Posterior', async () => {
    const { header, items, stride } = packedBy(
      () => scheduler.qPosterior(logits().slice(0, B), tokens(), [7, 5], { layout: 'pixel-major' }),
      posterior,
      'Posterior',
    )
    expect(header).toMatchObject({ num_tokens: B * N, num_pixels: N, class_major: 0, rows: K + 1 })
    expect(header).toMatchObject({ conditional_offset: 70, sample_offset: 10, output_offset: 0, guidance_scale: 1 })
    expect(stride).toBe(48)
    const item = items[1] as Record<string, number>
    expect(item).toMatchObject({ mask_possible: 1, ordinary_possible: 1 })
    expect(item.masked_mask).toBeCloseTo(scheduler.logCumprodCt[4]! - scheduler.logCumprodCt[5]!, 5)
    expect(item.log_keep).toBeCloseTo(scheduler.logCumprodAt[4]!, 5)
    expect(item.log_replace).toBeCloseTo(scheduler.logCumprodBt[4]!, 4)
    expect(item.ordinary_mask).toBeCloseTo(scheduler.logCumprodCt[4]! + Math.log(1e-30), 4)
  })

  gpuTest(device, 'Guide', async () => {
    const call = () =>
      scheduler.logPX0(logits(), {
        layout: 'pixel-major',
        outputLayout: 'class-major',
        guidance: { scale: 3 },
        normalise: false,
        truncationRate: 0.5,
        minimum: -70,
      })
    expect(packedBy(call, guide, 'Guide').header).toEqual({
      num_tokens: B * N,
      num_pixels: N,
      class_major: 0,
      output_class_major: 1,
      conditional_offset: 140,
      unconditional_offset: 70,
      guidance_scale: 3,
      normalise: 0,
      truncation_rate: 0.5,
      minimum: -70,
    })
  })

  gpuTest(device, 'Rows', async () => {
    const call = () => scheduler.applyCumulativeTransitions(logits().slice(0, B), [7, -1], { layout: 'pixel-major' })
    const { header, items } = packedBy(call, applyCumulative, 'Rows')
    expect(header).toEqual({
      size: B * N * (K + 1),
      num_pixels: N,
      rows: K + 1,
      class_major: 0,
      tokens_offset: 0,
      input_offset: 70,
    })
    const [keep, , mask] = (items[0] as { value: number[] }).value
    expect(keep).toBeCloseTo(scheduler.logCumprodAt[7]!, 5)
    expect(mask).toBeCloseTo(scheduler.logCumprodCt[7]!, 5)
    expect((items[1] as { value: number[] }).value).toEqual([0, -1e30, -1e30, 0].map(Math.fround))
  })

  gpuTest(device, 'Codebook and GumbelNoised', async () => {
    const vectors = GpuTensor.from(device, new Float32Array(2 * K * 3), [2, K, 3])
    const second = GpuTensor.borrow(device, vectors.buffer, [K, 3], 'f32', K * 3)
    expect(packedBy(() => scheduler.lookupCodebook(second, tokens()), codebook, 'Codebook').header).toEqual({
      size: B * N * 3,
      num_pixels: N,
      embedding_size: 3,
      tokens_offset: 10,
      codebook_offset: K * 3,
    })
    const call = () => scheduler.gumbelNoised(logits().slice(0, B), logits().slice(B, 2 * B))
    expect(packedBy(call, gumbelNoised, 'GumbelNoised').header).toEqual({
      size: B * N * K,
      logits_offset: 70,
      noise_offset: 140,
    })
  })

  gpuTest(device, 'Purity', async () => {
    const call = () =>
      scheduler.purityStep(logits(), 9, tokens(), {
        generator: seeds(),
        layout: 'pixel-major',
        previousTimestep: [5, 0],
        guidance: { scale: 3 },
        priorWeight: 1.5,
      })
    const { header, items } = packedBy(call, puritySelect, 'Purity', 0)
    expect(header).toEqual({
      num_tokens: B * N,
      num_pixels: N,
      class_major: 0,
      conditional_offset: 140,
      unconditional_offset: 70,
      guidance_scale: 3,
      sample_offset: 10,
      prev_sample_offset: 0,
      counter: 1,
      prior_weight: 1.5,
      by_purity: 1,
      tokens_per_call: 2 ** 31,
    })
    const expected = (u: number) => Math.round(N * (1 - Math.exp(scheduler.logCumprodCt[u]!)))
    expect(items).toEqual([
      { stream: { seed: [2, 1], item: 0 }, revealed_after: expected(5) },
      { stream: { seed: [4, 3], item: 0 }, revealed_after: expected(0) },
    ])
  })
})
