import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'
import type { FileFacts } from 'vq-diffusion-webgpu/onnx'

/**
 * Vite plugin: `import manifest from 'virtual:model-manifest'` gives size and SHA-256 of these files at build time. The
 * manifest is part of the page's JavaScript, so a page always has the manifest of its own version.
 *
 * @param files path on disk by name in the manifest
 */
export function modelManifest(files: Record<string, string>): Plugin {
  return {
    name: 'model-manifest',
    resolveId: { filter: { id: /^virtual:model-manifest$/ }, handler: (id) => `\0${id}` },
    load: {
      filter: { id: /^\0virtual:model-manifest$/ },
      async handler() {
        for (const path of Object.values(files)) this.addWatchFile(path)
        const entries = Object.entries(files).map(async ([name, path]) => [name, await fileFacts(path)])
        return `export default ${JSON.stringify(Object.fromEntries(await Promise.all(entries)))}`
      },
    },
  }
}

async function fileFacts(path: string): Promise<FileFacts> {
  const content = await readFile(path)
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}
