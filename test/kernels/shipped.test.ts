import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { type Feature, type Shader, specialise } from '../../src/gpu/shader'

/** The shaders as the package contains them, stripped: they have to compile, with every feature that they name. */
const files = import.meta.glob<Shader>(['../../shaders/*.wgsl', '../../src/**/*.wgsl'], {
  import: 'default',
  eager: true,
})
const device = await requestDevice()

/** A shader and the files that it includes, by their names. */
function filesOf(shader: Shader): Map<string, Shader> {
  const included = Object.values(shader.includes).flatMap((file) => [...filesOf(file)])
  return new Map([[shader.name, shader], ...included])
}

/** The features that a kernel supports: those that its files test, if it has the bindings and reads that they need. */
function featuresOf(kernel: Shader): Feature[] {
  const files = filesOf(kernel)
  const tested = [...files.values()].flatMap(({ source }) => [...source.matchAll(/#if (\w+)/g)])
  return [...new Set(tested.map(([, name]) => name as Feature))].filter((feature) => {
    if (feature === 'GUIDED') return 'unconditional' in kernel.bindings
    if (feature === 'CLASS_RANGES') return 'class_ranges' in kernel.bindings
    return feature !== 'VECTORS' || files.has('fetch_logits')
  })
}

const kernels = Object.values(files).filter((shader) => specialise(shader).includes('@compute'))

it('the kernels are stripped', () => {
  expect(kernels.map(({ name }) => name)).toEqual(expect.arrayContaining(['step', 'reveal']))
  for (const { source } of kernels) expect(source).not.toMatch(/\/\/(?!#)|^\s/m)
})

it.each(kernels)('$name compiles as shipped, alone and with each of its features', async (shader) => {
  const features = featuresOf(shader)
  for (const enabled of [[], ...features.map((feature) => [feature]), features]) {
    const code = specialise(shader, Object.fromEntries(enabled.map((feature) => [feature, true])))
    const module = device.createShaderModule({ label: `test/${shader.name}`, code })
    const { messages } = await module.getCompilationInfo()
    expect(messages.filter(({ type }) => type === 'error').map(({ message }) => `${enabled}: ${message}`)).toEqual([])
  }
})
