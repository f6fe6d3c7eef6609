import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { packageFolder } from '../test/support/build_package'
import { completeImports } from './declarations.mjs'

const root = new URL('../', import.meta.url)
const file = (name: string) => join(packageFolder, name)
const tsc = (...options: string[]) => {
  const compiler = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))
  return spawnSync(process.execPath, [compiler, ...options], { encoding: 'utf8' }).stdout
}
const { exports: entries, dependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

describe('the built package', () => {
  beforeAll(() => {
    expect(tsc('-p', fileURLToPath(new URL('tsconfig.build.json', root)), '--outDir', file('.'))).toBe('')
    completeImports(file('src'))
  }, 60_000)

  it('has a file for every entry', () => {
    for (const entry of ['.', './cpu', './onnx']) {
      const { default: path } = entries[entry]
      expect(existsSync(file(path.replace('./dist/lib/', '')))).toBe(true)
    }
  })

  it('imports nothing at run time but wgsl-preprocessor', () => {
    expect(Object.keys(dependencies)).toEqual(['wgsl-preprocessor'])
    const modules = readdirSync(file('.'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
    expect(modules.length).toBeGreaterThan(50)
    for (const name of modules) {
      const imports = readFileSync(file(name), 'utf8').matchAll(
        /^(?:import|export)\b[^'"`]*?(?:from)?\s*["'`]([^"'`]+)["'`]/gm,
      )
      for (const [, source] of imports) expect(source).toMatch(/^\.{1,2}\/|^wgsl-preprocessor\//)
    }
  })

  it('keeps the names of WGSL and drops its comments and indentation', () => {
    const step = readFileSync(file('shaders/step.wgsl.js'), 'utf8')
    expect(step).toContain('prev_sample_offset')
    expect(step).toContain('//#include')
    expect(step).not.toMatch(/\/\/ |\\n {2}/)
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
