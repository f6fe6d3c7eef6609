import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readShader, stripWgsl } from './wgsl_plugin.ts'

const folder = mkdtempSync(join(tmpdir(), 'wgsl-plugin-'))
afterAll(() => rmSync(folder, { recursive: true }))

function shaderOf(source: string, parts: Record<string, string> = {}) {
  for (const [name, text] of Object.entries(parts)) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'kernel.wgsl'), source)
  return readShader(join(folder, 'kernel.wgsl'))
}

it('strips comments and indentation, and keeps names and directives', () => {
  expect(stripWgsl('// A comment.\n//#if GUIDED\nfn heavier() { // more\n  return;\n}\n\n//#endif\n')).toBe(
    '//#if GUIDED\nfn heavier() {\nreturn;\n}\n//#endif',
  )
})

it('reflects the bindings of a file, with the layout of structs that included files declare', () => {
  const shader = shaderOf(
    `//#include "./item.wgsl"
struct Parameters { count: u32, scale: f32, offset: vec2u, items: array<Item>, }
@group(0) @binding(3) var<storage, read> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> output: array<atomic<u32>, 2>;
@compute @workgroup_size(1) fn main() {}`,
    { 'item.wgsl': 'struct Stream { seed: vec2u, item: u32, }\nstruct Item { stream: Stream, weight: f32, }' },
  )
  const u32 = { scalar: 'u32', length: 1 }
  const vec2u = { scalar: 'u32', length: 2 }
  const f32 = { scalar: 'f32', length: 1 }
  // Offsets by the rules of WGSL: vec2u is aligned to 8 bytes, and so are the structs that hold one.
  const stream = {
    words: 4,
    fields: [
      ['seed', 0, vec2u],
      ['item', 2, u32],
    ],
  }
  const item = {
    words: 6,
    fields: [
      ['stream', 0, stream],
      ['weight', 4, f32],
    ],
  }
  expect(shader.name).toBe('kernel')
  expect(Object.keys(shader.includes)).toEqual(['./item.wgsl'])
  expect(shader.bindings).toEqual({
    parameters: {
      binding: 3,
      type: 'read-only-storage',
      layout: {
        words: 4,
        fields: [
          ['count', 0, u32],
          ['scale', 1, f32],
          ['offset', 2, vec2u],
          ['items', 4, { stride: 6, element: item }],
        ],
      },
    },
    output: { binding: 1, type: 'storage' },
  })
})

it('refuses parameters that the host cannot write', () => {
  const source = `struct Parameters { transform: mat2x2f, }
@group(0) @binding(0) var<storage, read> parameters: Parameters;
@compute @workgroup_size(1) fn main() {}`
  expect(() => shaderOf(source)).toThrow('mat2x2')
})

it('refuses a file whose //#if has no //#endif', () => {
  expect(() => shaderOf('//#if GUIDED\nfn guide() {}')).toThrow('kernel.wgsl needs an //#endif')
})

it('refuses a file that does not exist', () => {
  expect(() => shaderOf('//#include "lib/absent.wgsl"')).toThrow('absent.wgsl')
})
