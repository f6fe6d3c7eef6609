import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../node_modules/.cache/vq-diffusion-webgpu/', import.meta.url))

/**
 * Installs a package that is too large to be a dependency, unless it was before.
 *
 * @param {string} name
 * @param {string} version
 * @returns {Promise<string>} the package's folder
 * @throws {Error} if npm cannot install it
 */
export async function installPackage(name, version) {
  // npm removes what an installation does not name, so each package has a folder of its own.
  const prefix = join(cache, `${name}@${version}`)
  // npm writes this file last.
  if (!existsSync(join(prefix, 'node_modules/.package-lock.json'))) {
    console.error(`Installing ${name}@${version} from npm.`)
    await mkdir(prefix, { recursive: true })
    const args = ['install', '--no-save', '--no-package-lock', '--prefix', prefix, `${name}@${version}`]
    const { status } = spawnSync('npm', args, { stdio: 'ignore', shell: process.platform === 'win32' })
    if (status !== 0) throw new Error(`npm could not install ${name}@${version}.`)
  }
  return join(prefix, 'node_modules', name)
}
