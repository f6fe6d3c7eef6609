import * as ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { CpuTensor, type VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { goldenCases } from '../convert/golden'
import { convertedGolden } from '../support/converted_golden'
import { callOf, drawWithUniforms, expectImages, expectTokens, type GoldenRun } from '../support/golden_pipeline'

// The networks are too small for threads to be of use.
ort.env.wasm.numThreads = 1

const upload = (values: Float32Array, shape: readonly number[]) => new CpuTensor(values, shape)

const names = ['published', 'current', 'sharded', 'authors', 'authors_coco', 'authors_imagenet', 'half', 'half_bin']

describe.each(names)('the golden pipeline %s, converted', async (name) => {
  // As a person would pick them.
  const files = new Map([...(await convertedGolden(name))].map(([path, bytes]) => [path, new Blob([bytes])]))
  const cases = [...(await goldenCases(name)).values()] as GoldenRun[]
  // Fast sampling takes the posterior of other timesteps.
  const runs = cases.filter((one) => one.name.startsWith('run_') && (one.stride ?? 1) === 1)

  it.each(runs)('draws $name token by token as the reference does, from prompt to image', async (run) => {
    using pipe = await VQDiffusionPipeline.fromPretrained(files, { ort })
    const steps = drawWithUniforms(pipe.scheduler as VQDiffusionScheduler, run, upload)
    const { images, ignored } = await pipe(run.prompts, callOf(run))
    expectTokens(run, await Promise.all(steps))
    expectImages(run, images)
    expect(ignored).toEqual((run.classes ?? run.prompts).map(() => []))
  })
})
