import * as ort from 'onnxruntime-web/webgpu'
import { describe, expect } from 'vitest'
import { commands } from 'vitest/browser'
import { GpuTensor, requestDevice } from 'vq-diffusion-webgpu'
import { createOnnxSession, VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { readCases } from '../convert/golden_cases'
import { largestError, type NetworkCase, networkCase, networkNames } from '../convert/golden_networks'
import { bytesOfBase64 } from '../support/base64'
import { callOf, drawWithUniforms, expectImages, expectTokens, type GoldenRun } from '../support/golden_pipeline'
import { gpuTest } from '../support/gpu'

const urls = import.meta.glob<string>('../fixtures/pipelines/*/golden*', {
  query: '?url',
  import: 'default',
  eager: true,
})
/** Shaders are compiled for each layer and size, which takes the software adapter most of the time. */
const timeout = 300_000
const device = await requestDevice()

async function runOnWebGPU(files: ReadonlyMap<string, Blob>, { path, output, inputs }: NetworkCase) {
  const folder = path.slice(0, path.indexOf('/') + 1)
  const weights = [...files].filter(([file]) => file.startsWith(folder) && file.endsWith('.bin'))
  const externalData = Object.fromEntries(weights.map(([file, blob]) => [file.slice(folder.length), blob]))
  const session = await createOnnxSession(ort, files.get(path)!, { provider: 'webgpu', device, externalData })
  const feeds = Object.entries(inputs).map(([name, { data, dims }]) => {
    const tensor =
      data instanceof Int32Array ? new ort.Tensor('int32', data, dims) : new ort.Tensor('float32', data, dims)
    return [name, tensor] as const
  })
  const result = await session.whenFree(async () => {
    const tensor = (await session.run(Object.fromEntries(feeds), { [output]: null }))[output]!
    return { dims: tensor.dims, data: (await tensor.getData(true)) as Float32Array | Int32Array }
  })
  await session.destroy()
  return result
}

const names = ['published', 'current', 'sharded', 'authors', 'authors_coco', 'authors_imagenet', 'half', 'half_bin']

describe.each(names)('the golden pipeline %s, converted', async (name) => {
  const read = async (file: string) => (await fetch(urls[`../fixtures/pipelines/${name}/${file}`]!)).arrayBuffer()
  const golden = JSON.parse(new TextDecoder().decode(await read('golden.json')))
  const cases = await readCases(golden, read)
  const converted = Object.entries(await commands.convertedGolden(name))
  const files = new Map(converted.map(([path, base64]) => [path, new Blob([bytesOfBase64(base64)])]))

  // A model for classes has no text encoder.
  for (const network of networkNames.filter((network) => cases.has(network)))
    gpuTest(
      device,
      `computes on WebGPU what the real code does: ${network}`,
      async () => {
        const one = networkCase(cases, network)
        const { data, dims } = await runOnWebGPU(files, one)
        expect(dims).toEqual(one.reference.shape)
        // Of the encoder's tokens, all are the same.
        expect(largestError(one.valuesOf(data), one.reference)).toBeLessThan(network === 'encoder' ? 1 : 1e-4)
      },
      timeout,
    )

  const runs = [...cases.values()].filter((one) => one.name.startsWith('run_')) as GoldenRun[]
  // Fast sampling takes the posterior of other timesteps; 100 steps take the software adapter minutes.
  for (const run of runs.filter(({ stride = 1, timesteps }) => stride === 1 && timesteps.length <= 20))
    gpuTest(
      device,
      `draws ${run.name} token by token on WebGPU, from prompt to image`,
      async () => {
        using pipe = await VQDiffusionPipeline.fromPretrained(files, { ort, device, network: 'webgpu' })
        expect(pipe.backend).toMatchObject({ engine: 'webgpu', network: 'webgpu' })
        const upload = (values: Float32Array, shape: readonly number[]) => GpuTensor.from(device, values, shape)
        const steps = drawWithUniforms(pipe.scheduler as never, run, upload as never)
        const { images } = await pipe(run.prompts, callOf(run))
        expectTokens(run, await Promise.all(steps))
        expectImages(run, images)
      },
      timeout,
    )
})
