import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = new URL('../', import.meta.url)
const folder = new URL('node_modules/.cache/docs_examples/', root)
const pages = ['index', 'getting-started', 'diffusers', 'recipes', 'own-model', 'bring-your-model']

/** What the examples of the guide assume, and do not say again each time: a declaration by the name that it declares. */
const assumed: Record<string, string> = {
  ort: "import * as ort from 'onnxruntime-web/webgpu'",
  VQDiffusionPipeline: "import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'",
  GpuTensor: "import { GpuTensor } from 'vq-diffusion-webgpu'",
  ModelOutputError: "import { ModelOutputError } from 'vq-diffusion-webgpu'",
  RandomGenerator: "import { RandomGenerator } from 'vq-diffusion-webgpu'",
  pipe: "declare const pipe: import('vq-diffusion-webgpu/onnx').VQDiffusionPipeline",
  scheduler: "declare const scheduler: import('vq-diffusion-webgpu').VQDiffusionScheduler",
  generator: "declare const generator: import('vq-diffusion-webgpu').RandomGenerator",
  loop: `declare const loop: import('vq-diffusion-webgpu').VQDiffusionPipeline<
    import('vq-diffusion-webgpu').VQDiffusionScheduler, import('vq-diffusion-webgpu/onnx').OnnxConditioning>`,
  options: `declare const options: import('vq-diffusion-webgpu').SampleOptions<
    import('vq-diffusion-webgpu/onnx').OnnxConditioning, import('vq-diffusion-webgpu').GpuTensor>`,
  context: 'declare const context: CanvasRenderingContext2D',
  network: `declare function network(
    sample: import('vq-diffusion-webgpu').GpuTensor, timestep: number): Promise<import('vq-diffusion-webgpu').GpuTensor>`,
  myTokenizer: 'declare function myTokenizer(prompt: string): Int32Array<ArrayBuffer>',
  showDirectoryPicker: 'declare function showDirectoryPicker(): Promise<FileSystemDirectoryHandle>',
}

/** The TypeScript examples of a page, each with what it assumes. */
function examples(page: string): string[] {
  const markdown = readFileSync(new URL(`docs/${page}.md`, root), 'utf8')
  return [...markdown.matchAll(/(?<=```ts\n)[\s\S]*?(?=```)/g)].map(([text]) => {
    const declared = (name: string) => new RegExp(`(?:\\b(?:const|let|as) |^import [^']*\\b)${name}\\b`, 'm').test(text)
    const used = (name: string) => new RegExp(`(?<![.\\w])${name}\\b(?!:)`).test(text)
    const needed = Object.keys(assumed).filter((name) => used(name) && !declared(name))
    return [...needed.map((name) => assumed[name]), text, 'export {}'].join('\n')
  })
}

beforeAll(() => mkdirSync(folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true }))

it('every example of the guide compiles', () => {
  for (const page of pages) {
    const texts = examples(page)
    expect(texts.length).toBeGreaterThan(0)
    for (const [i, text] of texts.entries()) writeFileSync(new URL(`${page}_${i}.ts`, folder), text)
  }
  // Examples create things to show how, and do not use them.
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false }
  const config = {
    extends: fileURLToPath(new URL('tsconfig.json', root)),
    compilerOptions,
    include: ['*.ts', fileURLToPath(new URL('src/*.d.ts', root))],
  }
  writeFileSync(new URL('tsconfig.json', folder), JSON.stringify(config))
  const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', fileURLToPath(folder)], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})
