/** The conformance cases outside a browser: in Node or Deno, with `navigator.gpu` in place. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { capabilities } from 'vq-diffusion-webgpu'
import { Fixtures } from './fixtures'
import { report } from './report'

const [folder = '.'] = process.argv.slice(2)
const fixtures = await Fixtures.load(async (name) => new Uint8Array(await readFile(join(folder, name))).buffer)

console.log(`On ${(await capabilities()).description}`)
const { passed, failed, skipped } = await report(fixtures)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
