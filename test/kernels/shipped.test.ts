import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { stripWgsl } from '../../scripts/strip_wgsl'
import { type Feature, type Shader, specialise } from '../../src/gpu/shader'

/** The package contains the stripped shaders: they have to compile, with every feature that they name. */
const files = import.meta.glob<Shader>(['../../shaders/*.wgsl', '../../src/**/*.wgsl'], { import: 'default', eager: true })
const device = await requestDevice()

/** A shader as the package contains it. `specialise` includes each object once, so a file stays one object. */
function shipped(shader: Shader, seen: Map<Shader, Shader> = new Map()): Shader {
  const existing = seen.get(shader)
  if (existing) return existing
  const includes = Object.entries(shader.includes).map(([name, file]) => [name, shipped(file, seen)])
  const stripped = { ...shader, source: stripWgsl(shader.source), includes: Object.fromEntries(includes) }
  seen.set(shader, stripped)
  return stripped
}

/** The features that a shader and its included files test. */
function featuresOf({ source, includes }: Shader): Set<Feature> {
  const named = [...source.matchAll(/#if (\w+)/g)].map(([, name]) => name as Feature)
  return new Set([...named, ...Object.values(includes).flatMap((file) => [...featuresOf(file)])])
}

const kernels = Object.values(files)
  .map((shader) => shipped(shader))
  .filter((shader) => specialise(shader).includes('@compute'))
  .map((shader) => ({ name: shader.name, shader }))

it('there are kernels', () => {
  expect(kernels.map(({ name }) => name)).toContain('step')
  expect(kernels.map(({ name }) => name)).toContain('reveal')
})

it.each(kernels)('$name compiles as shipped, alone and with each of its features', async ({ shader }) => {
  const features = [...featuresOf(shader)]
  for (const enabled of [[], ...features.map((feature) => [feature]), features]) {
    const code = specialise(shader, Object.fromEntries(enabled.map((feature) => [feature, true])))
    expect(code).not.toMatch(/\/\/|^\s/m)
    const module = device.createShaderModule({ label: `test/${shader.name}`, code })
    const { messages } = await module.getCompilationInfo()
    expect(messages.filter(({ type }) => type === 'error').map(({ message }) => `${enabled}: ${message}`)).toEqual([])
  }
})
