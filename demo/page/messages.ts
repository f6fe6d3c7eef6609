import type { Backend, PartsProgress } from '../worker/protocol'
import { type Batch, isFinished } from './batch'
import { DownloadText, partsText } from './download_text'
import { element } from './element'

type Status = 'loading' | 'ready' | 'drawing' | 'done' | 'stopped' | 'error'

const status = element('status', HTMLElement)
const bar = element('bar', HTMLProgressElement)
const readout = element('readout', HTMLElement)
const backend = element('backend', HTMLElement)
const notice = element('notice', HTMLElement)
const downloadText = new DownloadText()
const liveRegion = element('announcer', HTMLElement)
/** Why the network runs where it does; while the model is loaded, the parts take its place. */
let explanation = ''

/** Shows the status as one word, which scripts can read; for an error also a sentence. */
export function showStatus(name: Status, sentence = ''): void {
  status.dataset.state = name
  status.textContent = name === 'error' ? `error: ${sentence}` : name
  if (name !== 'loading') notice.textContent = explanation
}

/** Shows the status for a batch when nothing is being drawn. */
export function showIdleStatus(batch: Batch): void {
  if (isFinished(batch)) showStatus('done')
  else showStatus(batch.drawing ? 'stopped' : 'ready')
}

export function scrollToStatus(): void {
  status.scrollIntoView({ block: 'nearest' })
}

export function showDownload(progress: PartsProgress): void {
  const { loaded, total, parts } = progress
  notice.textContent = partsText(parts)
  const text = downloadText.say(progress, performance.now())
  if (loaded === total) showPreparing()
  else showProgress(loaded / total, text)
}

/** Shows that something is done whose share is not known. */
function showPreparing(): void {
  bar.removeAttribute('value')
  showMessage('Preparing the model …')
}

export function showProgress(share: number, text: string): void {
  bar.value = share
  showMessage(text)
}

/** Whether this is what is shown below the picture. */
export function isShown(text: string): boolean {
  return readout.textContent === text
}

/** Shows a sentence below the picture. */
export function showMessage(text: string): void {
  readout.textContent = text
  readout.classList.remove('error')
}

/** Shows a sentence and announces it. */
export function say(sentence: string): void {
  showMessage(sentence)
  announce(sentence)
}

/** Shows and announces why an action failed. The status stays. */
export function sayError(sentence: string): void {
  say(sentence)
  readout.classList.add('error')
  // On a phone the button that failed may be a screen away.
  readout.scrollIntoView({ block: 'nearest' })
}

/** Has screen readers read a sentence after the current one. Use it sparingly: not at every step. */
export function announce(sentence: string): void {
  // Screen readers read changes only, so a repeated sentence gets a no-break space.
  liveRegion.textContent = liveRegion.textContent === sentence ? `${sentence}\u00a0` : sentence
}

/** Only where the network runs, which is what takes time; the engine room has the rest. */
export function showBackend(opened: Backend): void {
  backend.textContent = opened.network === 'webgpu' ? 'Runs on your graphics card' : 'Runs on your processor'
  explanation = opened.explanation
  notice.textContent = explanation
}
