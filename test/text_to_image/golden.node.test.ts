import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import * as ort from 'onnxruntime-web'
import { afterAll, describe, expect, it } from 'vitest'
import { CpuTensor, type VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { convertCheckpoint } from '../../src/convert/write/convert'
import { goldenCases, openGolden } from '../convert/golden'
import { callOf, drawWithUniforms, expectImages, expectTokens, type GoldenRun } from '../support/golden_pipeline'

// The networks are too small for threads to be of use.
ort.env.wasm.numThreads = 1
const parent = await mkdtemp(join(tmpdir(), 'golden-'))
afterAll(() => rm(parent, { recursive: true }))

/** The files of a golden pipeline, converted, as a person would pick them. */
async function convertedFiles(name: string): Promise<Map<string, Blob>> {
  const checkpoint = await openGolden(name)
  const out = join(parent, name)
  const options = { dtype: 'f32', attention: 'fused', encoder: true, shardBytes: 400_000, command: 'npx' } as const
  await convertCheckpoint(checkpoint, out, { name, source: name, ...options })
  await checkpoint.close()
  const entries = await readdir(out, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(
      files.map(async (file) => [relative(out, file), new Blob([new Uint8Array(await readFile(file))])] as const),
    ),
  )
}

const upload = (values: Float32Array, shape: readonly number[]) => new CpuTensor(values, shape)

const names = ['published', 'current', 'sharded', 'authors', 'authors_coco', 'authors_imagenet', 'half', 'half_bin']

describe.each(names)('the golden pipeline %s, converted', async (name) => {
  const files = await convertedFiles(name)
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
