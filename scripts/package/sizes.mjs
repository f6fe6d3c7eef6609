/**
 * What an import of the packed package costs a page, by four bundlers, minified and gzipped, against limits: `npm run size`.
 * A limit is about 10 % above the largest size when it was set.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { installPacked } from './install.mjs'

/** @type {{ imports: string, from: string, limit: number, forbidden?: string }[]} */
const cases = [
  { imports: '{ OptionError }', from: '.', limit: 1_000 },
  { imports: '{ GpuTensor }', from: '.', limit: 4_000 },
  { imports: '{ GpuContext, Process, ReverseStep }', from: '.', limit: 27_300 },
  { imports: '{ VQDiffusionScheduler }', from: '.', limit: 40_400 },
  { imports: '*', from: '.', limit: 47_000 },
  { imports: '{ VQDiffusionScheduler }', from: './cpu', limit: 19_000, forbidden: '@compute' },
  { imports: '{ createOnnxDenoiser, createOnnxSession }', from: './onnx', limit: 11_400, forbidden: '@compute' },
  { imports: '{ VQDiffusionPipeline }', from: './onnx', limit: 77_400 },
  { imports: '{ codebook, specialise }', from: './shaders', limit: 2_700 },
]

/** Loaded by a page that is not served securely, and only then. */
const external = ['@noble/hashes/sha2.js']

/** Each gives the minified JavaScript of a page that loads the entry. */
const bundlers = {
  async esbuild(entry) {
    const { outputFiles } = await esbuild.build({
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      minify: true,
      write: false,
      external,
    })
    return outputFiles[0].text
  },
  async Rollup(entry, require) {
    const { rollup } = require('rollup')
    const resolve = { name: 'resolve', resolveId: (id) => (/^vq-/.test(id) ? require.resolve(id) : null) }
    const bundle = await rollup({ input: entry, plugins: [resolve], external })
    const { output } = await bundle.generate({ format: 'es' })
    // Rollup does not minify.
    return (await esbuild.transform(output[0].code, { minify: true })).code
  },
  webpack(entry, require, folder) {
    const webpack = require('webpack')
    const options = {
      mode: 'production',
      context: folder,
      entry,
      output: { path: folder, filename: 'webpack-output.js', module: true },
      experiments: { outputModule: true },
      externals: external,
      externalsType: 'import',
    }
    return new Promise((resolve, reject) => {
      webpack(options, (error, stats) => {
        if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString()))
        else resolve(readFileSync(join(folder, 'webpack-output.js'), 'utf8'))
      })
    })
  },
  async Vite(entry, _, folder) {
    const { output } = await vite.build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      build: { write: false, modulePreload: false, rollupOptions: { input: entry, external } },
    })
    return output[0].code
  },
}

/**
 * Prints the table in Markdown.
 *
 * @param {string} folder where the package is installed
 * @returns {Promise<string[]>} what is wrong
 */
export async function checkSizes(folder) {
  const require = createRequire(join(folder, 'package.json'))
  const entry = join(folder, 'size-entry.js')
  const wrong = []
  console.log(`| import | ${Object.keys(bundlers).join(' | ')} | limit |`)
  console.log(`| --- |${' ---: |'.repeat(Object.keys(bundlers).length + 1)}`)
  for (const { imports, from, limit, forbidden } of cases) {
    const source = from.replace('.', 'vq-diffusion-webgpu')
    const [clause, used] = imports === '*' ? ['* as all', 'all'] : [imports, imports]
    writeFileSync(entry, `import ${clause} from '${source}'\nglobalThis.used = ${used}`)
    const sizes = []
    for (const [name, bundle] of Object.entries(bundlers)) {
      const code = await bundle(entry, require, folder)
      const bytes = gzipSync(code, { level: 9 }).length
      sizes.push(bytes.toLocaleString('en'))
      if (bytes > limit) wrong.push(`${name} makes ${bytes} bytes of ${imports} from ${from}; the limit is ${limit}.`)
      if (!code.includes('OptionError')) wrong.push(`${name} leaves out ${imports} from ${from}, which the page uses.`)
      if (forbidden && code.includes(forbidden))
        wrong.push(`${name} leaves '${forbidden}' in ${imports} from ${from}: it should hold no shader text.`)
    }
    console.log(`| \`${imports}\` from \`${from}\` | ${sizes.join(' | ')} | ${limit.toLocaleString('en')} |`)
  }
  rmSync(entry)
  return wrong
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wrong = await checkSizes(installPacked().folder)
  for (const message of wrong) console.error(message)
  process.exitCode = wrong.length > 0 ? 1 : 0
}
