import * as ort from 'onnxruntime-web/webgpu'
import { expect } from 'vitest'
import { commands } from 'vitest/browser'
import { type DenoiserInput, GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { createOnnxDenoiser, createOnnxSession, VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { type GoldenFile, readCases } from '../convert/golden_cases'
import { largestError } from '../convert/golden_networks'
import f32Url from '../fixtures/pipelines/authors/golden.f32.bin?url'
import f64Url from '../fixtures/pipelines/authors/golden.f64.bin?url'
import golden from '../fixtures/pipelines/authors/golden.json'
import u32Url from '../fixtures/pipelines/authors/golden.u32.bin?url'
import { bytesOfBase64 } from '../support/base64'
import { callOf, drawWithUniforms, expectTokens, type GoldenRun } from '../support/golden_pipeline'
import { gpuTest } from '../support/gpu'

const urls = { 'golden.f32.bin': f32Url, 'golden.f64.bin': f64Url, 'golden.u32.bin': u32Url }
const read = async (file: string) => (await fetch(urls[file as keyof typeof urls])).arrayBuffer()
const cases = await readCases(golden as GoldenFile, read)
const converted = await commands.convertedGolden('authors')
const bytesOf = (path: string) => bytesOfBase64(converted[path]!)
const device = await requestDevice()

// All networks and pipelines on WebGPU, whose shaders take the software adapter minutes, are in test/networks.
gpuTest(device, "draws a run of the authors' code token by token, its denoiser converted and on WebGPU", async () => {
  const run = cases.get('run_0') as GoldenRun
  const { data, shape } = run.outputs.logits!
  // The conditional call comes first.
  const [, , , K, N] = shape as [number, number, number, number, number]
  const scheduler = await VQDiffusionScheduler.create(device, {
    num_vec_classes: K + 1,
    num_train_timesteps: run.timesteps.length,
  })
  const weights = Object.keys(converted).filter((path) => /^denoiser\/.*\.bin$/.test(path))
  const session = await createOnnxSession(ort, bytesOf('denoiser/model.onnx'), {
    provider: 'webgpu',
    device,
    externalData: Object.fromEntries(weights.map((path) => [path.slice('denoiser/'.length), bytesOf(path)])),
  })
  const network = createOnnxDenoiser({ session })
  const states = cases.get('text')!.outputs.text!
  const learned = bytesOf('learned_classifier_free_sampling_embeddings/embeddings.bin')
  const conditioning = {
    // The first text of the case is that of the run.
    conditional: { encoder_hidden_states: Float32Array.from(states.data.subarray(0, states.data.length / 4)) },
    unconditional: { encoder_hidden_states: new Float32Array(learned.buffer) },
  }
  const errors: number[] = []
  const denoiser = async (input: DenoiserInput<GpuTensor, unknown>) => {
    const logits = await network({ ...input, conditioning })
    const [unconditional, conditional] = halves(await logits.read())
    const expected = data.subarray(errors.length * 2 * K * N).subarray(0, 2 * K * N)
    const given = [...classMajor(conditional, K), ...classMajor(unconditional, K)]
    errors.push(largestError(given, { data: expected, shape: [2, K, N] }))
    return logits
  }
  const decoder = async () => ({ data: new Float32Array(3), shape: [1, 3, 1, 1] })
  const pipe = new VQDiffusionPipeline({ scheduler, denoiser, decoder, latentShape: [4, 4], layout: 'pixel-major' })
  const upload = (values: Float32Array, shape: readonly number[]) => GpuTensor.from(device, values, shape)
  const steps = drawWithUniforms(scheduler as never, run, upload as never)
  await pipe('', callOf(run))
  expectTokens(run, await Promise.all(steps))
  expect(Math.max(...errors)).toBeLessThan(1e-4)
  network.destroy()
  await session.destroy()
  scheduler.destroy()
})

const halves = (values: Float32Array) =>
  [values.subarray(0, values.length / 2), values.subarray(values.length / 2)] as const

/** [K, N] of [N, K]. */
function classMajor(values: Float32Array, K: number): Float32Array {
  const N = values.length / K
  return values.map((_, at) => values[(at % N) * K + Math.floor(at / N)]!)
}
