import { expect, it } from 'vitest'
import { policy } from './content_security'

it('runs no strings as code, and talks to nobody else', () => {
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
  expect(policy).not.toMatch(/'unsafe-(eval|inline)'|https?:|\*/)
})
