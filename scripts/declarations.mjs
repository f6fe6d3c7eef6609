/**
 * Gives the relative imports of the built declarations their extensions, which TypeScript asks for under `nodenext` and
 * would otherwise take every type to be `any`: `node scripts/declarations.mjs`
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @param {string} folder of declarations, which are written anew */
export function completeImports(folder) {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const file = join(folder, name)
    const complete = (specifier) =>
      existsSync(join(dirname(file), `${specifier}.d.ts`)) ? `${specifier}.js` : `${specifier}/index.js`
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/(?<=\b(?:from|import)\s*\(?["'])\.{1,2}(?:\/[^"']+)?(?=["'])/g, complete))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  completeImports(fileURLToPath(new URL('../dist/lib/src', import.meta.url)))
}
