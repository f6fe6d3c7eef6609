import { Workbox } from 'workbox-window'
import { element } from './element'

let registering: Promise<unknown> | undefined

/**
 * Registers the service worker (demo/sw.ts), which makes the page work offline, and offers a new version of the page when
 * one has arrived. A new version is loaded only on request, because a reload loses the drawings.
 */
export function startUpdates(): void {
  // The development server has no service worker.
  if (import.meta.env.PROD) registerServiceWorker().catch(() => {})
}

/** Rejects where there is no service worker: on pages without https, and in browsers that refuse storage. */
export function registerServiceWorker(): Promise<unknown> {
  registering ??= register()
  return registering
}

async function register(): Promise<void> {
  if (!('serviceWorker' in navigator)) throw new Error('This page can have no service worker.')
  const workbox = new Workbox('./sw.js')
  const reload = () => location.reload()
  workbox.addEventListener('waiting', () =>
    offerUpdate(() => {
      workbox.addEventListener('controlling', reload)
      workbox.messageSkipWaiting()
    }),
  )
  // Another tab has activated the new version. This tab keeps the old one until the user reloads it.
  workbox.addEventListener('controlling', ({ isUpdate }) => {
    if (isUpdate) offerUpdate(reload)
  })
  await workbox.register()
}

function offerUpdate(load: () => void): void {
  const button = element('update-page', HTMLButtonElement)
  button.onclick = load
  button.hidden = false
}
