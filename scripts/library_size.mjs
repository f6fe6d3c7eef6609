/**
 * Prints what a user's page pays for the built library, minified and gzipped by esbuild, and fails above a limit:
 * `node scripts/library_size.mjs`. The limits are 10 % above the sizes when they were set.
 */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const library = fileURLToPath(new URL('../dist/lib/', import.meta.url))

/** @type {{ name: string, code: string, limit: number, forbidden?: string }[]} */
const imports = [
  { name: '{ VQDiffusionScheduler }', code: `export { VQDiffusionScheduler } from './index.js'`, limit: 33_400 },
  {
    name: '{ GpuContext, Process, ReverseStep }',
    code: `export { GpuContext, Process, ReverseStep } from './index.js'`,
    limit: 22_700,
  },
  { name: 'all of .', code: `export * from './index.js'`, limit: 36_500 },
  { name: 'all of ./cpu', code: `export * from './cpu.js'`, limit: 12_100, forbidden: '@compute' },
  {
    name: '{ createOnnxSession, …Denoiser, …Decoder }',
    code: `export { createOnnxSession, createOnnxDenoiser, createOnnxDecoder } from './onnx.js'`,
    limit: 8_000,
    forbidden: '@compute',
  },
  { name: 'all of ./onnx', code: `export * from './onnx.js'`, limit: 63_000 },
]

let failed = false
for (const { name, code, limit, forbidden } of imports) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: library },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    external: ['onnxruntime-web'],
  })
  const { contents, text } = outputFiles[0]
  const bytes = gzipSync(contents, { level: 9 }).length
  console.log(`${name.padEnd(44)} ${String(bytes).padStart(6)} bytes gzipped, at most ${limit}`)
  if (bytes > limit) failed = true
  if (forbidden && text.includes(forbidden)) {
    console.error(`${name} contains '${forbidden}': it should hold no shader text.`)
    failed = true
  }
}
process.exitCode = failed ? 1 : 0
