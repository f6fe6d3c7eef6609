import { exclusively } from './lock'
import { CACHE, lengthOf } from './part_store'

/** How much of the model is stored on this machine, in bytes; 0 where nothing can be. For the page: needs no worker. */
export async function storedBytes(): Promise<number> {
  const cache = await openCache()
  const parts = (await cache?.matchAll()) ?? []
  return parts.reduce((sum, part) => sum + lengthOf(part), 0)
}

/**
 * Deletes what is stored; the next visit downloads it again. What is open stays open, since it has the model in memory.
 * A file that some tab is downloading is deleted when it is complete.
 */
export async function deleteStored(): Promise<void> {
  const cache = await openCache()
  const keys = (await cache?.keys()) ?? []
  const places = new Set(keys.map(({ url }) => url.slice(0, url.indexOf('?'))))
  await Promise.all(
    Array.from(places, (place) => exclusively(place, async () => cache!.delete(place, { ignoreSearch: true }))),
  )
}

/** Undefined where there is no cache: without https, or refused by the browser's settings. */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE)
  } catch {
    return undefined
  }
}
