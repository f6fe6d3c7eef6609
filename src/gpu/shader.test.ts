import { expect, it } from 'vitest'
import { type Shader, specialise } from './shader'

const file = (source: string, includes: Record<string, Shader> = {}): Shader => ({
  name: 'test',
  source,
  includes,
  bindings: {},
})
const lines = (text: string) => text.split('\n').filter((line) => line !== '')

it('takes the branch of a feature', () => {
  const source = file('a\n//#if GUIDED\nb\n//#else\nc\n//#endif\nd\n')
  expect(lines(specialise(source, { GUIDED: true }))).toEqual(['a', 'b', 'd'])
  expect(lines(specialise(source))).toEqual(['a', 'c', 'd'])
})

it('resolves directives of included files, nested ones too', () => {
  const inner = file('//#if F16\n//#if GUIDED\nb\n//#endif\nc\n//#endif')
  const source = file('//#include "inner"\na', { inner })
  expect(lines(specialise(source, { F16: true, GUIDED: true }))).toEqual(['b', 'c', 'a'])
  expect(lines(specialise(source, { F16: true }))).toEqual(['c', 'a'])
  expect(lines(specialise(source, { GUIDED: true }))).toEqual(['a'])
})

it('includes what an included file includes, and every file once', () => {
  const c = file('c')
  const b = file('//#include "c"\nb', { c })
  const a = file('//#include "b"\na', { b })
  const source = file('//#include "b"\n//#include "a"\n//#include "c"', { a, b, c })
  expect(lines(specialise(source))).toEqual(['c', 'b', 'a'])
})
