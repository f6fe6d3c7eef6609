import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { programsOf } from '../markdown.mjs'

const readme = new URL('../../README.md', import.meta.url)

const compilers = ['typescript-5.9', 'typescript-6', 'typescript-7']
const resolutions = [
  { moduleResolution: 'bundler', module: 'esnext' },
  { moduleResolution: 'nodenext', module: 'nodenext' },
]

/**
 * Compiles the README's programs, every entry, and the CPU entry without lib.dom, against the installed declarations, under each
 * compiler and module resolution with `skipLibCheck: false` and `exactOptionalPropertyTypes`.
 *
 * @param {string} folder where the package is installed
 * @returns {Promise<string[]>} what is wrong
 */
export async function checkTypes(folder) {
  const sources = join(folder, 'types')
  mkdirSync(sources, { recursive: true })
  const programs = programsOf(readFileSync(readme, 'utf8')).map((program, i) => [`readme_${i}.ts`, program])
  const entries = ['', '/onnx', '/shaders'].map(
    (entry, i) => `export * as entry${i} from 'vq-diffusion-webgpu${entry}'`,
  )
  const files = { ...Object.fromEntries(programs), 'entries.ts': entries.join('\n') }
  const cpu = { 'cpu.ts': "export * from 'vq-diffusion-webgpu/cpu'" }
  for (const [name, text] of Object.entries({ ...files, ...cpu })) writeFileSync(join(sources, name), text)

  const cases = compilers.flatMap((compiler) =>
    resolutions.flatMap((resolution) => [
      // Of the three, only lib.dom of TypeScript 5.9 lacks WebGPU.
      {
        name: 'README and entries',
        compiler,
        resolution,
        files: Object.keys(files),
        lib: ['es2022', 'dom', 'dom.iterable'],
        types: compiler === 'typescript-5.9' ? ['@webgpu/types'] : [],
      },
      { name: './cpu without lib.dom', compiler, resolution, files: Object.keys(cpu), lib: ['es2022'], types: [] },
    ]),
  )
  const wrong = []
  // Two at a time: each compiler runs for a second or two on one core.
  const queue = cases.entries()
  const work = async () => {
    for (const [i, one] of queue) {
      const title = `${one.compiler}, ${one.resolution.moduleResolution}: ${one.name}`
      const errors = await compile(folder, join(sources, `tsconfig.${i}.json`), one)
      console.log(`${title}: ${errors === '' ? 'no errors' : 'errors'}`)
      if (errors !== '') wrong.push(`${title}:\n${errors}`)
    }
  }
  await Promise.all([work(), work()])
  rmSync(sources, { recursive: true })
  return wrong
}

/** @returns {Promise<string>} the errors */
async function compile(folder, config, { compiler, resolution, files, lib, types }) {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false }
  const compilerOptions = { ...strict, ...resolution, noEmit: true, target: 'es2022', lib, types }
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  const tsc = join(folder, 'node_modules', compiler, 'bin/tsc')
  const run = promisify(execFile)(process.execPath, [tsc, '-p', config])
  return run.then(
    () => '',
    ({ stdout }) => stdout,
  )
}
