/**
 * Headers that make a page cross-origin isolated, which it has to be for threads in WebAssembly. Its workers' scripts need
 * the second one too.
 *
 * `require-corp` and not `credentialless`, which Safari lacks: the page loads nothing from other origins anyway (see
 * build/content_security.ts), and pictures that a user opens are of its own origin.
 */
export const isolationHeaders: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/** The response with these headers; one that a script must not read stays as it is. */
export function isolated(response: Response): Response {
  if (response.type === 'error' || response.type.startsWith('opaque')) return response
  const { body, status, statusText } = response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(isolationHeaders)) headers.set(name, value)
  return new Response(body, { status, statusText, headers })
}
