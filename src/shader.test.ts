import { describe, expect, it } from 'vitest'
import { specialise } from './shader'

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

  it('refuses a file that does not exist', () => {
    expect(() => specialise('//#include "lib/absent.wgsl"')).toThrow('lib/absent.wgsl')
  })
})
