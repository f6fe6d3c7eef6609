import { withLock } from './lock'
import { CACHE, partLength } from './part_store'

/** Bytes of the model that are stored on this machine; 0 if the browser refuses storage. Needs no worker. */
export async function storedBytes(): Promise<number> {
  const cache = await openCache()
  const parts = (await cache?.matchAll()) ?? []
  return parts.reduce((sum, part) => sum + partLength(part), 0)
}

/**
 * Deletes the stored model; the next visit downloads it again. The open worker keeps its copy in memory. A file that a
 * tab is downloading is deleted after the download.
 */
export async function deleteStored(): Promise<void> {
  const cache = await openCache()
  const urls = ((await cache?.keys()) ?? []).map(({ url }) => url)
  const files = new Set(urls.map((url) => url.slice(0, url.indexOf('?'))))
  await Promise.all(Array.from(files, (key) => withLock(key, async () => cache!.delete(key, { ignoreSearch: true }))))
}

/** Undefined without https or if the browser's settings refuse storage. */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE)
  } catch {
    return undefined
  }
}
