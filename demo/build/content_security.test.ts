import { expect, it } from 'vitest'
import { policy } from './content_security'

it('allows neither eval nor another origin', () => {
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
  expect(policy).not.toMatch(/'unsafe-(eval|inline)'|https?:|\*/)
})
