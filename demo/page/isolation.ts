import { chooseBackend } from 'vq-diffusion-webgpu/onnx'
import type { BackendChoice } from '../worker/protocol'
import { registerServiceWorker } from './update'

/** In `sessionStorage` after the reload, since that may not have helped. */
const RELOADED = 'reloaded-for-threads'

/** How long to wait for the service worker, in ms. On a connection so slow, the next visit has threads. */
const PATIENCE = 10_000

/** Whether the user has begun something, which a reload would take away. */
let begun = false
for (const type of ['pointerdown', 'keydown', 'input', 'drop', 'paste'])
  addEventListener(
    type,
    ({ isTrusted }) => {
      // The form's own events are not the user's.
      begun ||= isTrusted
    },
    { capture: true, passive: true },
  )

let settled: Promise<void> | undefined

/**
 * Reloads the page once, before it loads anything, if that gives the network threads: where it runs on WebAssembly, and the
 * host does not send the headers that the service worker then adds. Otherwise resolves, and the page goes on as it is.
 */
export function settleIsolation(choice: BackendChoice): Promise<void> {
  settled ??= reloadForThreads(choice).catch(() => {})
  return settled
}

async function reloadForThreads(choice: BackendChoice): Promise<void> {
  if (!import.meta.env.PROD || !mayGainThreads()) return
  const { network } = await chooseBackend(choice)
  if (network === 'webgpu' || !(await isServiceWorkerActive()) || begun) return
  sessionStorage.setItem(RELOADED, 'yes')
  location.reload()
  // Nothing else begins on a page that is left.
  await new Promise(() => {})
}

function mayGainThreads(): boolean {
  // In a frame, isolation is for the page around it to decide. Browsers that know nothing of it have undefined.
  if (globalThis.crossOriginIsolated !== false || self !== top) return false
  return navigator.hardwareConcurrency > 1 && 'serviceWorker' in navigator && sessionStorage.getItem(RELOADED) === null
}

async function isServiceWorkerActive(): Promise<boolean> {
  const active = registerServiceWorker().then(() => navigator.serviceWorker.ready)
  const timeout = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE, undefined))
  return (await Promise.race([active, timeout])) !== undefined
}
