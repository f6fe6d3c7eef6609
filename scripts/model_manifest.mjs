/**
 * Writes `manifest.json` into a model folder: size and SHA-256 of every file, by which a page resumes a download and checks
 * it. `node scripts/model_manifest.mjs [folder]`, of the emoji model by default.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const emojiModel = fileURLToPath(new URL('../packages/vq-diffusion-emoji/emoji-16x16', import.meta.url))

/**
 * @param {string} folder
 * @returns {{ files: Record<string, { bytes: number, sha256: string }> }} all files but the manifest and what people read (.md)
 */
export function manifestOf(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile() && name !== 'manifest.json' && !name.endsWith('.md'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
  const facts = (name) => {
    const content = readFileSync(join(folder, name))
    return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
  }
  return { files: Object.fromEntries(names.map((name) => [name, facts(name)])) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? emojiModel
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifestOf(folder), null, 2)}\n`)
}
