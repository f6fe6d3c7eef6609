import { VitePWA } from 'vite-plugin-pwa'

/**
 * Vite plugin: builds the service worker (demo/sw.ts), which caches the page, and a web app manifest. All addresses are
 * relative, so the page works under any path.
 *
 * The service worker does not handle the large files (.onnx, .bin, .wasm): the worker stores them, with progress, checksums and
 * resumption.
 */
export function offline() {
  return VitePWA({
    // A new version waits until no tab shows the old one or the user asks for it (demo/page/update.ts). Activating it at
    // once would delete files that an open page may still load.
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
    strategies: 'injectManifest',
    srcDir: '.',
    filename: 'sw.ts',
    injectManifest: {
      globPatterns: ['**/*.{html,css,js,svg,png,webp,json,md,bin}'],
      // Weights, which are stored otherwise; a picture for other sites.
      globIgnores: ['models/**/*.bin', 'social.png'],
      // Not every browser takes a module as a service worker.
      rollupFormat: 'iife',
    },
  })
}
