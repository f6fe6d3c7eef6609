import { expect, it } from 'vitest'
import { percent } from './format'

it('calls neither a little nothing nor most of it all', () => {
  expect([0, 0.001, 0.4141, 0.999, 1].map(percent)).toEqual(['0 %', '1 %', '41 %', '99 %', '100 %'])
})
