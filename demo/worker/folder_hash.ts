import type { Bytes } from 'vq-diffusion-webgpu/onnx'
import type { ModelFolder } from './protocol'

/** Where a secure address is missing, nothing can be hashed: every model without a manifest looks the same there. */
const UNKNOWN = '0'.repeat(64)

/**
 * What tells a model from others, in hexadecimal: the checksum that the folder's manifest has of the denoiser's largest file,
 * or without a manifest that of its graph. Rejects with a sentence if the folder has no `model_index.json`.
 */
export async function folderHash(folder: ModelFolder): Promise<string> {
  const { denoiser, manifest } = await readIndex(folder)
  // The library says what is wrong with an index that names no denoiser.
  const graph = Array.isArray(denoiser) ? String(denoiser[1]) : undefined
  if (graph === undefined) return UNKNOWN
  const facts = typeof manifest === 'string' ? await readManifest(folder, manifest) : {}
  const [beside] = graph.split(/[^/]*$/)
  const files = Object.entries(facts).filter(([path]) => path.startsWith(beside!))
  const [largest] = files.toSorted(([, a], [, b]) => b.bytes - a.bytes)
  if (largest && /^[0-9a-f]{64}$/.test(String(largest[1].sha256))) return largest[1].sha256
  return sha256(await read(folder, graph))
}

async function readIndex(folder: ModelFolder): Promise<{ denoiser?: unknown; manifest?: unknown }> {
  const place = typeof folder.files === 'string' ? `at ${folder.files}` : `in ${folder.name}`
  const bytes = await read(folder, 'model_index.json').catch((cause: Error) => {
    throw new Error(`There is no model ${place}: model_index.json is missing. ${cause.message}`, { cause })
  })
  try {
    const index = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof index === 'object' && index !== null) return index
  } catch {
    // A server may answer with its start page.
  }
  throw new Error(`There is no model ${place}: what is there as model_index.json is something else.`)
}

async function readManifest(
  folder: ModelFolder,
  path: string,
): Promise<Record<string, { bytes: number; sha256: string }>> {
  try {
    return JSON.parse(new TextDecoder().decode(await read(folder, path))).files ?? {}
  } catch {
    // The library says what is wrong with it.
    return {}
  }
}

async function read({ files }: ModelFolder, path: string): Promise<Bytes> {
  if (typeof files !== 'string') {
    const file = files.get(path)
    if (file === undefined) throw new Error(`The folder has no ${path}.`)
    return new Uint8Array(await file.arrayBuffer())
  }
  const response = await fetch(`${files}${path}`).catch((cause) => {
    throw new Error('The connection failed.', { cause })
  })
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  return new Uint8Array(await response.arrayBuffer())
}

async function sha256(bytes: Bytes): Promise<string> {
  if (!crypto.subtle) return UNKNOWN
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
