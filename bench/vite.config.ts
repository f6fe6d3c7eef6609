import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { wgsl } from '../scripts/wgsl_plugin.ts'

/** The pages in a dev server, and the program for Node in one file: it reads neither our TypeScript nor `.wgsl?raw`. */
export default defineConfig({
  // The demo's model is served from where it lies.
  root: fileURLToPath(new URL('..', import.meta.url)),
  publicDir: false,
  plugins: [wgsl()],
  // The library by its public names, as tsconfig.json resolves them.
  resolve: { tsconfigPaths: true },
  // Of its own, since another server beside this one would make it anew under a page that runs.
  cacheDir: 'node_modules/.cache/vq-diffusion-webgpu/bench-vite',
  // Found only while it is measured, a dependency would be bundled then, and the page reloaded under it.
  optimizeDeps: { entries: ['bench/*.html'] },
  server: { port: 0, hmr: false, watch: null },
  build: {
    ssr: fileURLToPath(new URL('node.ts', import.meta.url)),
    // The folder may be a user's.
    emptyOutDir: false,
    minify: false,
    rollupOptions: { output: { entryFileNames: 'bench.mjs' } },
  },
  ssr: { noExternal: true },
  logLevel: 'warn',
})
