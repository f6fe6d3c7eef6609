/**
 * Checks the package as users install it: `npm run package:check`. It packs the tarball and checks its files and entries (publint,
 * @arethetypeswrong/cli), its declarations (the README's code under three versions of TypeScript), and what four bundlers make
 * of it. The tools are installed in a folder of their own from scripts/package/tools, since nothing else needs them.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { relativeTargets } from '../markdown.mjs'
import { checkExportedTypes } from './exported_types.mjs'
import { installPacked, pack } from './install.mjs'
import { checkSizes } from './sizes.mjs'
import { checkTypes } from './types.mjs'

const model = fileURLToPath(new URL('../../packages/vq-diffusion-emoji', import.meta.url))

const { folder, tarball } = installPacked()
const tarballs = [tarball, pack(model)]

/** Runs the program of an installed tool. */
function run(tool, ...args) {
  const home = join(folder, 'node_modules', tool)
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  const program = join(home, typeof bin === 'string' ? bin : Object.values(bin)[0])
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  return status === 0 ? [] : [`${tool} ${args.join(' ')}:\n${stdout}${stderr}`]
}

/** A reader of the package finds every file that the README links to. */
function checkLinks() {
  const installed = join(folder, 'node_modules/vq-diffusion-webgpu')
  const targets = relativeTargets(readFileSync(join(installed, 'README.md'), 'utf8'))
  const missing = targets.filter((target) => !existsSync(join(installed, target.replace(/#.*/, ''))))
  return missing.map((target) => `The README links to ${target}, which the package does not contain.`)
}

const checks = {
  publint: () => tarballs.flatMap((path) => run('publint', 'run', path, '--strict')),
  '@arethetypeswrong/cli': () =>
    tarballs.flatMap((path) => run('@arethetypeswrong/cli', path, '--profile', 'esm-only', '--no-emoji')),
  'links of the README': checkLinks,
  'exported types': () => checkExportedTypes(folder),
  TypeScript: () => checkTypes(folder),
  sizes: () => checkSizes(folder),
}

const wrong = []
for (const [name, check] of Object.entries(checks)) {
  console.log(`\n${name}`)
  const before = wrong.length
  try {
    wrong.push(...(await check()))
  } catch (error) {
    wrong.push(error.message)
  }
  console.log(wrong.length === before ? 'passed' : 'failed')
}
for (const message of wrong) console.error(`\n${message}`)
process.exitCode = wrong.length > 0 ? 1 : 0
