import type { PartStore, StorableFile } from 'vq-diffusion-webgpu/onnx'

/**
 * The address at which the service worker serves the runtime, if it does: it is stored, and the service worker is not one
 * of an older version. The network is fast from its first run if what the browser has compiled at an earlier visit is
 * still there, which it is for files that are fetched.
 */
export async function servedAddress(file: StorableFile, store: PartStore): Promise<string | undefined> {
  const address = await store.address(file)
  if (address === undefined) return undefined
  const response = await fetch(address).catch(() => undefined)
  await response?.body?.cancel()
  return response?.headers.get('content-type') === file.type ? address : undefined
}
