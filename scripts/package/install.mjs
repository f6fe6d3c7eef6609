import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const tools = fileURLToPath(new URL('tools/', import.meta.url))

/** Below node_modules, so that the tools find what the repository has: esbuild, Vite, onnxruntime-web, @webgpu/types. */
const folder = join(root, 'node_modules/.cache/vq-diffusion-webgpu/package-check')

/**
 * Packs the package as npm publishes it and installs the tarball as a user does, beside the tools that check it.
 *
 * @returns {{ folder: string, tarball: string }} the folder of the app, and the tarball
 * @throws {Error} if npm fails
 */
export function installPacked() {
  mkdirSync(folder, { recursive: true })
  const lock = readFileSync(join(tools, 'package-lock.json'), 'utf8')
  const installed = join(folder, 'package-lock.json')
  if (!existsSync(join(folder, 'node_modules')) || !existsSync(installed) || readFileSync(installed, 'utf8') !== lock) {
    cpSync(tools, folder, { recursive: true })
    npm(['ci', '--no-audit', '--no-fund'], folder)
  }
  // Bundlers would take the paths of the repository's own: the package's sources.
  writeFileSync(join(folder, 'tsconfig.json'), '{}')
  npm(['run', 'build'], root)
  const tarball = pack(root)
  npm(['install', '--no-save', '--no-audit', '--no-fund', tarball], folder)
  return { folder, tarball }
}

/**
 * @param {string} source the folder of a package; what it builds is there already
 * @returns {string} the path of the tarball
 */
export function pack(source) {
  const output = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], source)
  return join(folder, JSON.parse(output)[0].filename)
}

/** @returns {string} what npm printed */
function npm(args, cwd) {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm ${args[0]} failed in ${cwd}:\n${stdout}${stderr}`)
  return stdout
}
