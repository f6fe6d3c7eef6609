import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const tools = fileURLToPath(new URL('tools/', import.meta.url))

/** Where the packages and the rendered drawings are kept. */
export const cacheFolder = fileURLToPath(
  new URL('../../node_modules/.cache/vq-diffusion-webgpu/quality/', import.meta.url),
)

/**
 * Installs the packages that the measurement needs and the repository does not: the drawings, a rasteriser and
 * onnxruntime-node, 500 MB in all.
 *
 * @throws {Error} if npm fails
 */
export function installTools() {
  const lock = readFileSync(join(tools, 'package-lock.json'), 'utf8')
  const installed = join(cacheFolder, 'package-lock.json')
  if (
    existsSync(join(cacheFolder, 'node_modules')) &&
    existsSync(installed) &&
    readFileSync(installed, 'utf8') === lock
  )
    return
  cpSync(tools, cacheFolder, { recursive: true })
  // The install script of onnxruntime-node would download CUDA's provider.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, { cwd: cacheFolder, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`npm ci failed in ${cacheFolder}`)
}

/** `require` of the installed packages. */
export const requireTool = createRequire(cacheFolder)
