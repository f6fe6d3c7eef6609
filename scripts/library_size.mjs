/** Prints the size of the built library, gzipped, and fails above the limit: `node scripts/library_size.mjs`. */
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const library = fileURLToPath(new URL('../dist/lib/', import.meta.url))
const limit = 25_000

/**
 * What a page loads of the library: its entry with the chunks that it imports, shaders included. Packages that it
 * imports are not part of it.
 *
 * @returns {Promise<{ bytes: number, files: string[] }>} bytes of the files, each gzipped with -9
 * @throws {Error} if the library is not built
 */
export async function librarySize() {
  const files = new Map()
  await collect(join(library, 'index.js'), files)
  return {
    bytes: [...files.values()].reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0),
    files: [...files.keys()].map((file) => relative(library, file)),
  }
}

async function collect(file, files) {
  if (files.has(file)) return
  const content = await readFile(file).catch(() => {
    throw new Error(`${relative('.', file)} is missing: npm run build makes it.`)
  })
  files.set(file, content)
  for (const [, imported] of content.toString().matchAll(/\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g))
    await collect(join(dirname(file), imported), files)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { bytes, files } = await librarySize()
    console.log(`${bytes} bytes gzipped, at most ${limit}: ${files.join(', ')}`)
    process.exitCode = bytes > limit ? 1 : 0
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
