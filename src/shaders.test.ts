import { expect, it } from 'vitest'
import { posterior, specialise, step } from './shaders'

it('gives the text of one variant, without directives', () => {
  const [plain, guided] = [specialise(step), specialise(step, { GUIDED: true })]
  expect(plain).not.toContain('//#')
  expect(plain.match(/@compute/g)).toHaveLength(1)
  expect(guided).not.toBe(plain)
  expect(specialise(posterior)).not.toContain('fn decide')
})

it('refuses a name that is no feature', () => {
  expect(() => specialise(step, { guided: true } as object)).toThrow("A feature needs to be 'COUNTED'")
})
