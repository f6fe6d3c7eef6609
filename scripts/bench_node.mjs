/** Measures a step in Node on Dawn: `npm run bench:node -- --help`. */
import { spawnSync } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { installDawn } from './dawn_package.mjs'
import { vulkanEnvironment } from './vulkan.mjs'

const configFile = fileURLToPath(new URL('../bench/vite.config.ts', import.meta.url))
const args = process.argv.slice(2)
const place = args.indexOf('--bundle')

try {
  process.exitCode = place < 0 ? await run() : await writeProgram(args[place + 1])
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

/** A folder that needs nothing from here: the program, and Dawn for what GPU servers run. */
async function writeProgram(folder) {
  if (!folder || folder.startsWith('--')) throw new Error('--bundle takes a folder to write the program to.')
  const outDir = resolve(folder)
  await bundle(outDir)
  await copyFile(join(await installDawn(), 'dist/linux-x64/dawn.node'), join(outDir, 'dawn.node'))
  console.log(`Copy ${folder} to a Linux machine with Node 20 or newer and a Vulkan driver, and run it there:`)
  console.log(`node ${join(folder, 'bench.mjs')} --json results.json`)
  return 0
}

async function run() {
  const outDir = fileURLToPath(new URL('../node_modules/.cache/vq-diffusion-webgpu/bench', import.meta.url))
  await bundle(outDir)
  const dawn = new URL('dawn.mjs', import.meta.url).href
  const { status } = spawnSync(process.execPath, ['--import', dawn, join(outDir, 'bench.mjs'), ...args], {
    env: await vulkanEnvironment(),
    stdio: 'inherit',
  })
  return status ?? 1
}

async function bundle(outDir) {
  await build({ configFile, build: { outDir } })
}
