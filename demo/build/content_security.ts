import type { Plugin } from 'vite'

/**
 * Everything comes from the page's own server. WebAssembly may be compiled; strings may not run as code. `blob:` and
 * `data:` allow the images that the page makes.
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
 * Vite plugin: puts the content security policy into a `<meta>` of the built page, so it holds on any static host. The
 * development server has no policy, because Vite's hot reload inserts inline styles.
 *
 * A `<meta>` does not apply to workers. `vite preview` also sends the policy as a header, so the end-to-end tests run the
 * workers under it. Hosts that can send headers should do the same.
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
