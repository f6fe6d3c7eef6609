import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { normalizePath, type Plugin } from 'vite'

/**
 * Vite plugin: serves a folder of files as part of the page, which a build copies, as if it lay in the public folder.
 *
 * @param folder on disk, within what the development server may serve
 * @param path in the page, without a slash at either end
 */
export function modelFolder(folder: string, path: string): Plugin {
  return {
    name: 'model-folder',
    configureServer({ middlewares }) {
      middlewares.use((request, _, next) => {
        // Vite serves files outside its root under /@fs/, with their types and ranges.
        if (request.url?.startsWith(`/${path}/`))
          request.url = posix.join('/@fs/', normalizePath(folder), request.url.slice(path.length + 1))
        next()
      })
    },
    generateBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const file = join(folder, name)
        if (!statSync(file).isFile()) continue
        this.emitFile({ type: 'asset', fileName: `${path}/${normalizePath(name)}`, source: readFileSync(file) })
      }
    },
  }
}
