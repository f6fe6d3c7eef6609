import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'

/** What has to be known of a file before it is downloaded: how much is to come, and how to tell that it is the right one. */
export interface FileFacts {
  bytes: number
  /** In hexadecimal. */
  sha256: string
}

/**
 * A Vite plugin: `import manifest from 'virtual:model-manifest'` gives the facts of these files, as they are when the page
 * is built. They travel inside the page's own code, so a page never meets the manifest of another version.
 *
 * @param files path of each file on disk, by the name it has in the manifest
 */
export function modelManifest(files: Record<string, string>): Plugin {
  return {
    name: 'model-manifest',
    resolveId: { filter: { id: /^virtual:model-manifest$/ }, handler: (id) => `\0${id}` },
    load: {
      filter: { id: /^\0virtual:model-manifest$/ },
      async handler() {
        for (const path of Object.values(files)) this.addWatchFile(path)
        const entries = Object.entries(files).map(async ([name, path]) => [name, await facts(path)])
        return `export default ${JSON.stringify(Object.fromEntries(await Promise.all(entries)))}`
      },
    },
  }
}

async function facts(path: string): Promise<FileFacts> {
  const content = await readFile(path)
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}
