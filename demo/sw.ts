/// <reference lib="webworker" />
import { addPlugins, cleanupOutdatedCaches, type PrecacheEntry, precacheAndRoute } from 'workbox-precaching'
import { isolated } from './isolation/headers'

/**
 * The service worker: caches the page, so that it works offline, and serves it cross-origin isolated on hosts that send no
 * headers. The page's scripts lie within its scope, those of workers included; a script outside would be refused there.
 */
declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] }

// A new version waits until no tab shows the old one, or the user asks for it.
self.addEventListener('message', ({ data }) => {
  if (data?.type === 'SKIP_WAITING') self.skipWaiting()
})

// Files of the model that the page has stored. The browser keeps what it has compiled of the runtime with the answer.
self.addEventListener('fetch', (event) => {
  if (!new URL(event.request.url).searchParams.has('sha256')) return
  event.respondWith(caches.match(event.request).then((stored) => stored ?? fetch(event.request)))
})

addPlugins([{ handlerWillRespond: async ({ response }) => isolated(response) }])
// The query holds settings, so every query is the same page. No fallback for other addresses: the host may serve other
// pages below this one.
precacheAndRoute(self.__WB_MANIFEST, { ignoreURLParametersMatching: [/./] })
cleanupOutdatedCaches()
