import { Workbox } from 'workbox-window'
import { element } from './element'

/**
 * Registers the service worker (demo/build/offline.ts), which makes the page work offline, and offers a new version of the
 * page when one has arrived. A new version is loaded only on request, because a reload loses the drawings.
 */
export function startUpdates(): void {
  // Missing on pages without https and in browsers that refuse storage; the development server has no service worker.
  if (import.meta.env.PROD && 'serviceWorker' in navigator) registerServiceWorker().catch(() => {})
}

async function registerServiceWorker(): Promise<void> {
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
