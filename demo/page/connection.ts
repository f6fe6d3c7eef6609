import { signal } from '@preact/signals-core'
import { loadFiles, WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { readBackendChoice } from '../picture/settings'
import type { BackendChoice, EngineFacts, EngineName } from '../worker/protocol'
import { startCompletion } from './completion'
import { settleIsolation } from './isolation'
import { announce, scrollToStatus, showBackend, showDownload, showProgress, showStatus } from './messages'
import { type DecodingWorker, type OpenWorker, openDecoder, openWorker } from './open_worker'
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
let tokenizer: Promise<WordTokenizer> | undefined
/** Undefined after a failure, so that the next call of `connect` opens another worker. */
let connecting: Promise<Connection> | undefined

/** As `connecting`, for the worker of a page that only shows a picture. */
let decoding: Promise<DecodingWorker> | undefined

/** The worker; opens it if needed. */
export function connect(): Promise<Connection> {
  connecting ??= open()
  return connecting
}

/** A worker that decodes: the open one, or one for which no denoiser is downloaded. */
export async function connectDecoder(): Promise<DecodingWorker> {
  if (connecting) {
    const opened = await connecting
    return { ...opened, modelHash: opened.facts.modelHash }
  }
  decoding ??= startDecoding()
  return decoding
}

async function startDecoding(): Promise<DecodingWorker> {
  showStatus('loading')
  await settleIsolation(choice)
  await requireTokenizer()
  const opened = await openDecoder(choice, MODEL_ROOT, showDownload)
  opened.failure.catch(fail)
  return opened
}

async function open(): Promise<Connection> {
  showStatus('loading')
  await settleIsolation(choice)
  const opening = openWorker(choice, MODEL_ROOT, showDownload)
  const [tokenizer, opened] = await Promise.all([requireTokenizer(), opening]).catch((error) => {
    close(opening)
    throw error
  })
  close(decoding)
  decoding = undefined
  opened.failure.catch(fail)
  const facts = await Promise.race([opened.failure, opened.studio.facts()])
  connection.value = { ...opened, tokenizer, facts }
  showBackend(opened.backend)
  showProgress(0, 'Type a few words, then Generate.')
  showStatus('ready')
  return connection.value
}

/** Loads the tokenizer, and completes words with it; once, unless that fails. */
function requireTokenizer(): Promise<WordTokenizer> {
  tokenizer ??= loadTokenizer().catch((error) => {
    tokenizer = undefined
    throw error
  })
  return tokenizer
}

async function loadTokenizer(): Promise<WordTokenizer> {
  const name = 'tokenizer/tokenizer.json'
  const [file] = await loadFiles([{ name, url: `${MODEL_ROOT}${name}` }])
  const loaded = new WordTokenizer(JSON.parse(new TextDecoder().decode(file)))
  startCompletion(loaded)
  return loaded
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
  close(connecting)
  close(decoding)
  connecting = undefined
  decoding = undefined
  connection.value = undefined
}

function close(opening: Promise<OpenWorker | DecodingWorker> | undefined): void {
  opening?.then(({ close }) => close()).catch(() => {})
}
