import { expect, it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { minifyWgsl } from '../scripts/minify_wgsl'
import { type Feature, specialise } from '../src/shader'

/** What the package ships is the minified text: it has to compile, with every feature that the kernels name. */
const files = import.meta.glob('../shaders/**/*.wgsl', { query: '?raw', import: 'default', eager: true }) as Record<
  string,
  string
>
const device = await requestDevice()
const texts = minifyWgsl(Object.values(files))
const minified = Object.fromEntries(Object.keys(files).map((file, i) => [file.replace('../shaders/', ''), texts[i]!]))
const kernels = Object.entries(minified).filter(([file]) => !file.startsWith('lib/'))

it.each(kernels)('%s compiles minified, alone and with each of its features', async (_, text) => {
  const named = new Set([...text.matchAll(/#if (\w+)/g)].map(([, name]) => name as Feature))
  if (/(columns|column_logits|draw)\.wgsl/.test(text)) named.add('F16')
  const variants = [[], ...[...named].map((name) => [name]), [...named].filter((name) => name !== 'PURITY')]
  for (const features of variants) {
    const code = specialise(text, Object.fromEntries(features.map((name) => [name, true])), minified)
    const module = device.createShaderModule({ label: 'test/minified', code })
    const { messages } = await module.getCompilationInfo()
    expect(messages.filter(({ type }) => type === 'error').map(({ message }) => `${features}: ${message}`)).toEqual([])
  }
})

it('shortens what shaders declare and nothing else', () => {
  const [source] = minifyWgsl([
    `override SIZE: u32; // a comment
struct Item { weight: f32, }
@group(0) @binding(0) var<storage, read> items: array<Item>;
fn heavier(group: vec2f, other: f32) -> bool {
  return group.x * 0x1p-24 > max(other, items[1u].weight);
}`,
  ])
  expect(source).toBe(
    'override SIZE:u32;struct a{a:f32}@group(0)@binding(0)var<storage,read>b:array<a>;' +
      'fn e(c:vec2f,d:f32)->bool{return c.x*0x1p-24>max(d,b[1].a);}',
  )
})
