/**
 * Publishes both packages, each unless its version is on npm already: `node scripts/publish.mjs [options of npm publish]`.
 * On GitHub it writes the repository's address into them, by which npm checks the provenance.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const directories = ['.', 'packages/vq-diffusion-emoji']
const { GITHUB_REPOSITORY, GITHUB_REF_NAME, GITHUB_REF_TYPE } = process.env

function npm(directory, ...args) {
  const options = {
    cwd: new URL(`../${directory}/`, import.meta.url),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  }
  const { status } = spawnSync('npm', args, options)
  if (status !== 0) throw new Error(`npm ${args[0]} failed in ${directory}.`)
}

function isPublished(name) {
  return spawnSync('npm', ['view', name, 'version'], { cwd: root, encoding: 'utf8' }).stdout.trim() !== ''
}

const manifestOf = (directory) =>
  JSON.parse(readFileSync(new URL(`../${directory}/package.json`, import.meta.url), 'utf8'))

const { version } = manifestOf('.')
if (GITHUB_REF_TYPE === 'tag' && GITHUB_REF_NAME !== `v${version}`)
  throw new Error(`The tag ${GITHUB_REF_NAME} is not the version of package.json, ${version}.`)

for (const directory of directories) {
  const { name, version } = manifestOf(directory)
  if (isPublished(`${name}@${version}`)) {
    console.log(`${name}@${version} is published already.`)
    continue
  }
  if (GITHUB_REPOSITORY) {
    const url = `git+https://github.com/${GITHUB_REPOSITORY}.git`
    npm(directory, 'pkg', 'set', 'repository.type=git', `repository.url=${url}`, `repository.directory=${directory}`)
  }
  npm(directory, 'publish', ...process.argv.slice(2))
}
