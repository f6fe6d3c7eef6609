import { signal } from '@preact/signals-core'
import { Workbox } from 'workbox-window'

/**
 * Loads the newer version of this page that has arrived; undefined as long as there is none. Not done unasked: a page that
 * reloads by itself takes somebody's drawing away.
 */
export const newVersion = signal<(() => void) | undefined>(undefined)

/** After the first visit the service worker (demo/build/offline.ts) answers, with or without a connection. */
async function workOffline(): Promise<void> {
  const workbox = new Workbox('./sw.js')
  const reload = () => location.reload()
  workbox.addEventListener('waiting', () => {
    newVersion.value = () => {
      workbox.addEventListener('controlling', reload)
      workbox.messageSkipWaiting()
    }
  })
  // Another tab asked for the new version. This one goes on with the old, and may follow.
  workbox.addEventListener('controlling', ({ isUpdate }) => {
    if (isUpdate) newVersion.value = reload
  })
  await workbox.register()
}

// Vite's development server has no service worker, nor have pages without https, nor browsers that refuse storage. Without
// it everything works the same, only not offline.
if (import.meta.env.PROD && 'serviceWorker' in navigator) workOffline().catch(() => {})
