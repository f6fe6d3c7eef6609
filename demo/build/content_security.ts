import type { Plugin } from 'vite'

/**
 * Everything comes from the page's own server. WebAssembly may be compiled, strings may not be run as code. `blob:` and
 * `data:` are pictures that the page has made itself.
 */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/**
 * A Vite plugin: the built page carries the policy in a `<meta>`, so that it holds on any static host. While developing
 * there is none, since Vite's hot reload writes styles into the page.
 *
 * A `<meta>` does not reach into workers, a header does; `vite preview` sends it, so the tests run the workers under the
 * policy as well. A host that can send headers had better do the same.
 */
export function contentSecurity(): Plugin {
  return {
    name: 'content-security',
    transformIndexHtml: (_, { server }) =>
      server
        ? []
        : [
            {
              tag: 'meta',
              attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
              injectTo: 'head-prepend',
            },
          ],
    configurePreviewServer({ middlewares }) {
      middlewares.use((_, response, next) => {
        response.setHeader('Content-Security-Policy', policy)
        next()
      })
    },
  }
}
