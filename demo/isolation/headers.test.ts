import { expect, it } from 'vitest'
import { isolated } from './headers'

const policy = "default-src 'self'"

it('adds both headers, and keeps content, status and other headers', async () => {
  const headers = { 'content-type': 'text/html', 'content-security-policy': policy }
  const response = isolated(new Response('page', { status: 203, statusText: 'Fine', headers }))
  expect(Object.fromEntries(response.headers)).toEqual({
    ...headers,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  })
  expect([response.status, response.statusText, await response.text()]).toEqual([203, 'Fine', 'page'])
})

it('replaces weaker values of the host', () => {
  const response = isolated(new Response('', { headers: { 'cross-origin-embedder-policy': 'unsafe-none' } }))
  expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
})

it('takes a response without a body, and leaves one alone that nobody may read', () => {
  expect(isolated(new Response(null, { status: 304 })).status).toBe(304)
  const error = Response.error()
  expect(isolated(error)).toBe(error)
})
