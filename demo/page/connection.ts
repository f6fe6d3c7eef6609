import { signal } from '@preact/signals-core'
import { loadFiles, WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { readBackendChoice } from '../picture/settings'
import type { BackendChoice, EngineFacts, EngineName } from '../worker/protocol'
import { startCompletion } from './completion'
import { settleIsolation } from './isolation'
import { announce, scrollToStatus, showBackend, showDownload, showProgress, showStatus } from './messages'
import { type OpenWorker, openWorker } from './open_worker'
import { measuredPace } from './pace'
import { busy } from './state'

/** The open worker with the model's tokenizer. */
export interface Connection extends OpenWorker {
  tokenizer: WordTokenizer
  facts: EngineFacts
}

const MODEL_ROOT = new URL('models/emoji-16x16/', document.baseURI).href

/** The open worker; undefined while it opens and after a failure. */
export const connection = signal<Connection | undefined>(undefined)

let choice: BackendChoice = readBackendChoice(new URLSearchParams(location.search))
let tokenizer: WordTokenizer | undefined
/** Undefined after a failure, so that the next call of `connect` opens another worker. */
let connecting: Promise<Connection> | undefined

/** The worker; opens it if needed. */
export function connect(): Promise<Connection> {
  connecting ??= open()
  return connecting
}

async function open(): Promise<Connection> {
  showStatus('loading')
  await settleIsolation(choice)
  if (tokenizer === undefined) {
    tokenizer = await loadTokenizer()
    startCompletion(tokenizer)
  }
  const opened = await openWorker(choice, MODEL_ROOT, showDownload)
  opened.failure.catch(fail)
  const facts = await Promise.race([opened.failure, opened.studio.facts()])
  connection.value = { ...opened, tokenizer, facts }
  showBackend(opened.backend)
  showProgress(0, 'Type a few words, then Generate.')
  showStatus('ready')
  return connection.value
}

async function loadTokenizer(): Promise<WordTokenizer> {
  const name = 'tokenizer/tokenizer.json'
  const [file] = await loadFiles([{ name, url: `${MODEL_ROOT}${name}` }])
  return new WordTokenizer(JSON.parse(new TextDecoder().decode(file)))
}

/** Closes the worker and shows the error. Generate opens another worker. */
export function fail(error: Error): void {
  disconnect()
  busy.value = false
  showProgress(0, 'Generate tries again.')
  showStatus('error', error.message)
  announce(error.message)
  scrollToStatus()
}

/** Reopens the worker with another engine. Not to be called during a drawing. */
export async function switchEngine(engine: EngineName): Promise<void> {
  choice = { engine, network: undefined }
  measuredPace.value = undefined
  disconnect()
  await connect()
}

function disconnect(): void {
  connecting?.then(({ close }) => close()).catch(() => {})
  connecting = undefined
  connection.value = undefined
}
