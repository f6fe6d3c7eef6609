import { VitePWA } from 'vite-plugin-pwa'

/**
 * A service worker that keeps the page itself, and a manifest that lets it be installed. All addresses are relative, so
 * that both work under any path.
 *
 * The large files (.onnx, .wasm) are not its business: demo/store keeps them, with progress, checksums and resumption, and
 * the service worker does not answer requests for them.
 */
export function offline() {
  return VitePWA({
    // A new version waits until no tab shows the old one, or until somebody asks for it (demo/offline.ts): taking over at
    // once would drop the old version's files while an open page may still have to load some of them.
    registerType: 'prompt',
    injectRegister: false,
    includeManifestIcons: false,
    manifest: {
      name: 'VQ-Diffusion in your browser',
      short_name: 'Stickers',
      description: 'A VQ-Diffusion model draws stickers from words, in the browser, on WebGPU.',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#f5f5f7',
      theme_color: '#f5f5f7',
      icons: [
        { src: 'favicon.svg', sizes: 'any', type: 'image/svg+xml' },
        { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      ],
    },
    workbox: {
      globPatterns: ['**/*.{html,css,js,svg,png,json,md}'],
      inlineWorkboxRuntime: true,
      cleanupOutdatedCaches: true,
      // The page keeps its settings in the query, so any query means the same page. No fallback for other addresses: there
      // may be other pages below this one.
      ignoreURLParametersMatching: [/./],
      navigateFallback: null,
    },
  })
}
