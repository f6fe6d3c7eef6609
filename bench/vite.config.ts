import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { wgsl } from '../scripts/wgsl_plugin.ts'

/** The page in a development server, and the program for Node bundled into one file. */
export default defineConfig({
  // Serves the demo's model from its package.
  root: fileURLToPath(new URL('..', import.meta.url)),
  publicDir: false,
  plugins: [wgsl()],
  // The library by its public names, as in tsconfig.json.
  resolve: { tsconfigPaths: true },
  // Not shared: another server would rebuild it under a page that runs.
  cacheDir: 'node_modules/.cache/vq-diffusion-webgpu/bench-vite',
  // A dependency found only during the measurement would be bundled then, and the page reloaded.
  optimizeDeps: { entries: ['bench/index.html'] },
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
