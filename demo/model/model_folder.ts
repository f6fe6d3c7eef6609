import type { ModelFolder } from '../worker/protocol'

const INDEX = 'model_index.json'

/**
 * The folder of the model at an address, relative to the page; undefined for the page's own model.
 *
 * @param address as the query of the page has it; null for none
 * @param own URL of the page's own model, with a trailing slash
 * @throws {Error} with a sentence for an address on another server, which this page does not ask for anything
 */
export function folderAt(address: string | null, page: string, own: string): ModelFolder | undefined {
  if (address === null || address.trim() === '') return undefined
  const url = addressOf(address.trim(), page)
  const { origin } = new URL(page)
  if (url.origin !== origin)
    throw new Error(
      `The model's folder has to lie on the server of this page, ${origin}; given ${url.origin}. ` +
        'From elsewhere, download the folder, and drop it here.',
    )
  url.pathname = url.pathname.replace(new RegExp(`(/${INDEX})?/*$`), '/')
  url.hash = ''
  if (url.href === own) return undefined
  return { name: decodeURIComponent(url.pathname.split('/').at(-2) ?? '') || url.host, files: url.href }
}

function addressOf(address: string, page: string): URL {
  try {
    return new URL(address, page)
  } catch (cause) {
    throw new Error(`The address of a model is needed, such as models/my-model; given ${address}.`, { cause })
  }
}

/**
 * The folder of a model among files that the user opened, by their paths.
 *
 * @throws {Error} with a sentence if they have no `model_index.json`
 */
export function folderOf(files: readonly (readonly [path: string, file: File])[]): ModelFolder {
  const depth = (path: string) => path.split('/').length
  const indices = files.map(([path]) => path).filter((path) => path.split('/').at(-1) === INDEX)
  const [index] = indices.sort((a, b) => depth(a) - depth(b))
  const [top = ''] = files[0]?.[0].split('/') ?? []
  if (index === undefined)
    throw new Error(
      `There is no model in ${top || 'the folder'}: it has no ${INDEX}, ` +
        'which npx vq-diffusion-webgpu convert writes into the folder of a model.',
    )
  const root = index.slice(0, -INDEX.length)
  const inside = files.filter(([path]) => path.startsWith(root))
  return {
    name: root.split('/').at(-2) ?? 'the opened files',
    files: new Map(inside.map(([path, file]) => [path.slice(root.length), file])),
  }
}
