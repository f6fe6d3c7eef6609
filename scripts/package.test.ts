import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { packageFolder } from '../test/support/build_package'
import { completeImports } from './declarations.mjs'

const root = new URL('../', import.meta.url)
const file = (name: string) => join(packageFolder, name)
/** What a module of the package imports. */
const importsOf = (name: string) =>
  [...readFileSync(file(name), 'utf8').matchAll(/^(?:import|export)\b[^'"`]*?(?:from)?\s*["'`]([^"'`]+)["'`]/gm)].map(
    ([, source]) => source!,
  )
const tsc = (...options: string[]) => {
  const compiler = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))
  return spawnSync(process.execPath, [compiler, ...options], { encoding: 'utf8' }).stdout
}
const { exports: entries, bin, dependencies = {} } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

/** A module of the package with all that it imports. */
function loadedBy(entry: string): Set<string> {
  const loaded = new Set<string>()
  const load = (name: string) => {
    if (loaded.has(name)) return
    loaded.add(name)
    for (const source of importsOf(name)) load(join(dirname(name), source))
  }
  load(entry)
  return loaded
}

describe('the built package', () => {
  beforeAll(() => {
    expect(tsc('-p', fileURLToPath(new URL('tsconfig.build.json', root)), '--outDir', file('.'))).toBe('')
    completeImports(file('src'))
  }, 60_000)

  it('has a file for every entry', () => {
    for (const entry of ['.', './cpu', './onnx', './shaders']) {
      const { default: path } = entries[entry]
      expect(existsSync(file(path.replace('./dist/lib/', '')))).toBe(true)
    }
  })

  it('imports no other package when it is loaded', () => {
    expect(Object.keys(dependencies)).toEqual(['@noble/hashes'])
    const modules = readdirSync(file('.'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
    expect(modules.length).toBeGreaterThan(50)
    for (const name of modules) {
      // Node runs the command.
      const allowed = /^convert[/\\]/.test(name) ? /^(\.{1,2}\/|node:)/ : /^\.{1,2}\//
      for (const source of importsOf(name)) expect(source).toMatch(allowed)
    }
  })

  it('loads no module of the command for an entry', () => {
    for (const entry of ['index.js', 'cpu.js', 'onnx.js', 'shaders.js'])
      expect([...loadedBy(entry)].filter((name) => /^convert[/\\]/.test(name))).toEqual([])
  })

  it('has a command that explains itself', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [file(bin['vq-diffusion-webgpu'].replace('dist/lib/', ''))],
      {
        encoding: 'utf8',
      },
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: vq-diffusion-webgpu convert SOURCE OUT/)
  })

  it('loads no module of the GPU engine for the CPU entry', () => {
    const loaded = loadedBy('cpu.js')
    expect(loaded.size).toBeGreaterThan(20)
    expect([...loaded].filter((name) => /gpu|wgsl/.test(name))).toEqual([])
  })

  it('exports a kernel for each shader, under the names of the files', async () => {
    const kernels = Object.values<{ name?: string }>(await import(file('shaders.js'))).flatMap(({ name, ...rest }) =>
      'bindings' in rest ? [name] : [],
    )
    const files = ['shaders', 'src/samplers/purity'].flatMap((folder) => readdirSync(new URL(folder, root)))
    const names = files.flatMap((name) =>
      name.endsWith('.wgsl') && name !== 'parameters.wgsl' ? [name.slice(0, -5)] : [],
    )
    expect(kernels.sort()).toEqual(names.sort())
  })

  it('keeps the names of what it exports, and maps every module to its source', async () => {
    const { GpuTensor, VQDiffusionScheduler } = await import(file('index.js'))
    expect([GpuTensor.name, VQDiffusionScheduler.name]).toEqual(['GpuTensor', 'VQDiffusionScheduler'])
    for (const entry of ['index', 'cpu', 'onnx', 'shaders'])
      for (const name of Object.keys(await import(file(`${entry}.js`)))) expect(name.length).toBeGreaterThan(3)
    const { sources, sourcesContent } = JSON.parse(readFileSync(file('gpu/tensor.js.map'), 'utf8'))
    expect(sources[0]).toMatch(/src\/gpu\/tensor\.ts$/)
    expect(sourcesContent[0]).toBe(readFileSync(new URL('src/gpu/tensor.ts', root), 'utf8'))
  })

  it('keeps the names of WGSL and drops its comments and indentation', async () => {
    const { source: step } = (await import(file('shaders/step.wgsl.js'))).default
    expect(step).toContain('prev_sample_offset')
    expect(step).toContain('//#include')
    expect(step).not.toMatch(/\/\/ |\n {2}/)
  })

  it('has declarations whose imports name files', () => {
    const declarations = readdirSync(file('src'), { recursive: true, encoding: 'utf8' })
    const specifiers = declarations.flatMap((name) => {
      if (!name.endsWith('.d.ts')) return []
      const text = readFileSync(file(join('src', name)), 'utf8')
      return [...text.matchAll(/\b(?:from|import)\s*\(?["'](\.[^"']*)["']/g)].map(
        ([, specifier]) => [name, specifier!] as const,
      )
    })
    expect(specifiers.length).toBeGreaterThan(100)
    const missing = specifiers.filter(
      ([name, specifier]) =>
        !existsSync(file(join('src', dirname(name), specifier.replace(/\.js$/, '.d.ts')))) ||
        !specifier.endsWith('.js'),
    )
    expect(missing).toEqual([])
  })

  it.each(['bundler', 'nodenext'])('has types of its own under the module resolution %s', (moduleResolution) => {
    const wrong = ['index', 'cpu', 'onnx'].map((entry, i) => {
      return `import * as entry${i} from './src/${entry}.js'\nexport const wrong${i}: 'wrong' = Object.values(entry${i})[0]!`
    })
    writeFileSync(file('package.json'), JSON.stringify({ type: 'module' }))
    writeFileSync(file('wrong.ts'), wrong.join('\n'))
    const options = { strict: true, skipLibCheck: true, noEmit: true, types: ['@webgpu/types'], lib: ['es2022', 'dom'] }
    const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
    writeFileSync(
      file('tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, module, moduleResolution }, files: ['wrong.ts'] }),
    )
    // What is `any` could be assigned to anything.
    const errors = tsc('-p', file('.')).match(/error TS\d+/g)
    expect(errors).toEqual(['error TS2322', 'error TS2322', 'error TS2322'])
  })

  it('runs: the CPU twin draws, errors keep their names', async () => {
    const { VQDiffusionScheduler, CpuTensor } = await import(file('cpu.js'))
    const { RandomGenerator } = await import(file('index.js'))
    const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 4 })
    const generator = new RandomGenerator(1)
    let sample = scheduler.initialSample([1, 9], { generator })
    for (const t of scheduler.timesteps)
      sample = scheduler.step(new CpuTensor(new Float32Array(36), [1, 4, 9]), t, sample, { generator }).prevSample
    expect(Math.max(...sample.data)).toBeLessThan(4)
    const failure = await VQDiffusionScheduler.create({ num_vec_classes: 1 }).catch((error: Error) => error)
    expect(failure.name).toBe('ConfigError')
  })
})
