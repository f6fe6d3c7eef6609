import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { type Feature, type Shader, specialise } from '../../src/gpu/shader'

/** The shaders as the package contains them, stripped: they have to compile, with every feature that they name. */
const files = import.meta.glob<Shader>(['../../shaders/*.wgsl', '../../src/**/*.wgsl'], { import: 'default', eager: true })
const device = await requestDevice()

/** The features that a shader and its included files test. */
function featuresOf({ source, includes }: Shader): Set<Feature> {
  const named = [...source.matchAll(/#if (\w+)/g)].map(([, name]) => name as Feature)
  return new Set([...named, ...Object.values(includes).flatMap((file) => [...featuresOf(file)])])
}

const kernels = Object.values(files).filter((shader) => specialise(shader).includes('@compute'))

it('the kernels are stripped', () => {
  expect(kernels.map(({ name }) => name)).toEqual(expect.arrayContaining(['step', 'reveal']))
  for (const { source } of kernels) expect(source).not.toMatch(/\/\/(?!#)|^\s/m)
})

it.each(kernels)('$name compiles as shipped, alone and with each of its features', async (shader) => {
  const features = [...featuresOf(shader)]
  for (const enabled of [[], ...features.map((feature) => [feature]), features]) {
    const code = specialise(shader, Object.fromEntries(enabled.map((feature) => [feature, true])))
    const module = device.createShaderModule({ label: `test/${shader.name}`, code })
    const { messages } = await module.getCompilationInfo()
    expect(messages.filter(({ type }) => type === 'error').map(({ message }) => `${enabled}: ${message}`)).toEqual([])
  }
})
