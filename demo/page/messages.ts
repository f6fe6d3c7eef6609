import type { Backend } from '../worker/backend'
import { announce } from './announce'
import type { Sheet } from './batch'
import { element } from './element'

export type State = 'loading' | 'ready' | 'drawing' | 'done' | 'stopped' | 'error'

const status = element('status', HTMLElement)
const bar = element('bar', HTMLProgressElement)
const readout = element('readout', HTMLElement)
const backend = element('backend', HTMLElement)
const notice = element('notice', HTMLElement)

/** The one word a machine can read; with an error, its sentence. */
export function showState(state: State, sentence = ''): void {
  status.dataset.state = state
  status.textContent = state === 'error' ? `error: ${sentence}` : state
}

/** As it is when nothing is made: there is a picture, or none yet. */
export function showStateOf({ prints }: Sheet): void {
  showState(prints.some((print) => print.picture.peek()) ? 'done' : 'ready')
}

export function showDownload(loaded: number, total: number): void {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  showProgress(loaded / total, `${megabytes(loaded)} of ${megabytes(total)} MB · ${percent(loaded / total)}`)
  if (loaded === total) showProgress(1, `${megabytes(total)} MB · 100 % · preparing the network`)
}

export function showProgress(fraction: number, text: string): void {
  bar.value = fraction
  showMessage(text)
}

/** A sentence under the picture, about what was just done. */
export function showMessage(text: string): void {
  readout.textContent = text
  readout.classList.remove('complaint')
}

/** The same, said aloud as well. */
export function say(sentence: string): void {
  showMessage(sentence)
  announce(sentence)
}

/** A sentence about what could not be done; nothing else has changed. */
export function complain(sentence: string): void {
  say(sentence)
  readout.classList.add('complaint')
}

export function showBackend({ engine, network, explanation }: Backend): void {
  backend.textContent = `engine ${engine} · network ${network}`
  notice.textContent = explanation
}

/** 812 ms, 13.4 s */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

function percent(fraction: number): string {
  return `${Math.floor(100 * fraction)} %`
}
