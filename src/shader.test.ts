import { describe, expect, it } from 'vitest'
import { specialise } from './shader'

const shaders = import.meta.glob<string>('../shaders/**/*.wgsl', { query: '?raw', import: 'default', eager: true })

it('the kernels are core WGSL: no optional feature, no language extension', () => {
  expect(Object.keys(shaders).length).toBeGreaterThan(15)
  for (const [file, source] of Object.entries(shaders))
    expect(source, file).not.toMatch(/^\s*(enable|requires|diagnostic)\b/m)
})

describe('specialise', () => {
  const source = 'a\n//#if GUIDED\nb\n//#else\nc\n//#endif\nd\n'
  const lines = (text: string) => text.split('\n').filter((line) => line !== '' && line !== '//')

  it('takes the branch of a feature', () => {
    expect(lines(specialise(source, { GUIDED: true }))).toEqual(['a', 'b', 'd'])
    expect(lines(specialise(source))).toEqual(['a', 'c', 'd'])
  })

  it('includes library files, directives and all', () => {
    expect(specialise('//#include "lib/random.wgsl"')).toContain('fn philox4x32(')
  })

  it('includes what an included file includes, and every file once', () => {
    const files = { a: '//#include "b"\na', b: '//#include "c"\nb', c: 'c' }
    expect(lines(specialise('//#include "b"\n//#include "a"\n//#include "c"', {}, files))).toEqual(['c', 'b', 'a'])
  })

  it('refuses a file that does not exist', () => {
    expect(() => specialise('//#include "lib/absent.wgsl"')).toThrow('lib/absent.wgsl')
  })
})
