import { expect, it } from 'vitest'
import { requireNames } from './checks'
import { OptionError } from './errors'

const names = { guidanceScale: true, seed: true, numInferenceSteps: true, out: true } as const

it.each([
  ['guidance_scale', 'guidanceScale'],
  ['GuidanceScale', 'guidanceScale'],
  ['num_inference_step', 'numInferenceSteps'],
  ['guidancescael', 'guidanceScale'],
  ['seeds', 'seed'],
  ['sed', 'seed'],
])('%s is taken for %s', (given, meant) => {
  expect(() => requireNames('a call', { [given]: 1 }, names)).toThrow(
    `a call takes no option "${given}": did you mean '${meant}'? Its options are guidanceScale, seed, numInferenceSteps, out.`,
  )
})

it.each(['strength', 'guidance', 'eta', 'x', '', '__proto__', 'constructor', 'é'.repeat(1e6)])(
  '%.20s is taken for none',
  (given) => {
    const options = Object.defineProperty({}, given, { value: null, enumerable: true })
    expect(() => requireNames('a call', options, names)).toThrow(OptionError)
    expect(() => requireNames('a call', options, names)).not.toThrow('did you mean')
  },
)

it('takes an unknown option that is undefined, as if it were left out', () => {
  expect(() => requireNames('a call', { strength: undefined }, names)).not.toThrow()
})

it('takes the options that there are, also of an object without a prototype, and symbols', () => {
  const options = Object.assign(Object.create(null), { seed: undefined, [Symbol('mine')]: 1 })
  expect(() => requireNames('a call', options, names)).not.toThrow()
})
