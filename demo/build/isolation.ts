import type { Plugin } from 'vite'
import { isolationHeaders } from '../isolation/headers.ts'

/**
 * Vite plugin: `vite` and `vite preview` serve the page cross-origin isolated. Hosts that can send headers should do the
 * same; on others the service worker adds them (demo/sw.ts).
 */
export function isolation(): Plugin {
  return {
    name: 'isolation',
    config: () => ({ server: { headers: isolationHeaders }, preview: { headers: isolationHeaders } }),
  }
}
