import { expect } from 'vitest'
import { GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { type GoldenFile, readCases } from '../convert/golden_cases'
import f32Url from '../fixtures/pipelines/current/golden.f32.bin?url'
import f64Url from '../fixtures/pipelines/current/golden.f64.bin?url'
import golden from '../fixtures/pipelines/current/golden.json'
import u32Url from '../fixtures/pipelines/current/golden.u32.bin?url'
import { callOf, drawWithUniforms, expectTokens, type GoldenRun } from '../support/golden_pipeline'
import { gpuTest } from '../support/gpu'

const urls = { 'golden.f32.bin': f32Url, 'golden.f64.bin': f64Url, 'golden.u32.bin': u32Url }
const read = async (file: string) => (await fetch(urls[file as keyof typeof urls])).arrayBuffer()
const cases = await readCases(golden as GoldenFile, read)
const device = await requestDevice()

// Its networks are compared in golden.node.test.ts: here they are what they gave.
gpuTest(device, "draws a run of diffusers' pipeline token by token, with guidance and truncation", async () => {
  const run = cases.get('run_0') as GoldenRun
  const { data, shape } = run.outputs.log_p_x_0!
  const [, rows, K, N] = shape as [number, number, number, number]
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1, num_train_timesteps: 12 })
  const outputs: GpuTensor<'f32'>[] = []
  const denoiser = async ({ guided }: { guided: boolean }) => {
    expect(guided).toBe(true)
    const step = data.subarray(outputs.length * rows * K * N).subarray(0, rows * K * N)
    outputs.push(GpuTensor.from(device, Float32Array.from(step), [rows, K, N]))
    return outputs.at(-1)!
  }
  const decoder = async () => ({ data: new Float32Array(run.prompts.length * 3), shape: [run.prompts.length, 3, 1, 1] })
  const pipe = new VQDiffusionPipeline({ scheduler, denoiser, decoder, latentShape: [6, 6] })
  const upload = (values: Float32Array, shape: readonly number[]) => GpuTensor.from(device, values, shape)
  const steps = drawWithUniforms(scheduler as never, run, upload as never)
  await pipe(
    run.prompts.map(() => ''),
    callOf(run),
  )
  expectTokens(run, await Promise.all(steps))
  for (const tensor of outputs) tensor.destroy()
  scheduler.destroy()
})
