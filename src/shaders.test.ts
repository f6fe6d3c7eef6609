import { expect, it } from 'vitest'
import { OptionError } from './errors'
import { posterior, specialise, step } from './shaders'

it('gives the text of one variant, without directives', () => {
  const [plain, guided] = [specialise(step), specialise(step, { GUIDED: true })]
  expect(plain).not.toContain('//#')
  expect(plain.match(/@compute/g)).toHaveLength(1)
  expect(guided).not.toBe(plain)
  expect(specialise(posterior)).not.toContain('fn decide')
})

it.each([
  ['a name that is no feature', step, { guided: true }, "A feature needs to be 'CLASS_RANGES'"],
  ['a feature that is neither true nor false', step, { GUIDED: 'no' }, 'GUIDED needs to be true or false; given "no"'],
  ['features of null', step, null, 'features needs to be an object; given null'],
  ['no shader', undefined, {}, 'shader needs to be a kernel of this module; given undefined'],
])('refuses %s', (_, shader, features, message) => {
  const call = () => specialise(shader as never, features as never)
  expect(call).toThrow(OptionError)
  expect(call).toThrow(message)
})
