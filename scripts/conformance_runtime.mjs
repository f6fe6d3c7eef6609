import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { fixturesFolder } from './fixtures_folder.mjs'
import { vulkanEnvironment } from './vulkan.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const outDir = join(root, 'node_modules/.cache/vq-diffusion-webgpu/conformance')

/** Runs the conformance cases in a runtime without a page; its exit code becomes ours. */
export async function runConformance(executable, args) {
  const folder = fixturesFolder()
  const program = await bundle()
  const { status } = spawnSync(executable, [...args, program, folder], {
    env: await vulkanEnvironment(),
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}

/** One file with everything in it: a runtime other than Vite reads neither our TypeScript nor `.wgsl?raw`. */
async function bundle() {
  await build({
    configFile: join(root, 'vite.config.ts'),
    root,
    publicDir: false,
    build: { ssr: 'test/conformance/command.ts', outDir, emptyOutDir: true, minify: false },
    ssr: { noExternal: true },
    logLevel: 'warn',
  })
  return join(outDir, 'command.js')
}
