import { signal } from '@preact/signals-core'
import { loadFiles, WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { folderAt } from '../model/model_folder'
import { readBackendChoice } from '../picture/settings'
import { MODEL_PARAMETER } from '../picture/share_link'
import type { BackendChoice, EngineFacts, EngineName, ModelFolder } from '../worker/protocol'
import { startCompletion } from './completion'
import { settleIsolation } from './isolation'
import { announce, scrollToStatus, showBackend, showDownload, showProgress, showStatus } from './messages'
import { model } from './model'
import { type DecodingWorker, type OpenWorker, openDecoder, openWorker } from './open_worker'
import { measuredPace } from './pace'
import { busy, changeModel } from './state'

/** The open worker. */
export interface Connection extends OpenWorker {
  /** Of the stickers; other models read words in the worker. */
  tokenizer: WordTokenizer | undefined
  facts: EngineFacts
}

/** URL of the stickers' folder. */
export const MODEL_ROOT = new URL('models/emoji-16x16/', document.baseURI).href

/** The open worker; undefined while it opens and after a failure. */
export const connection = signal<Connection | undefined>(undefined)

/** That the user opened; undefined for the stickers, or the model of the address. */
let folder: ModelFolder | undefined
/** Of the model that was opened last. */
let openHash: string | undefined
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
  // Other models have no decoder that is loaded alone.
  if (connecting || !model.peek().isStickers) {
    const opened = await connect()
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
  const address = new URLSearchParams(location.search).get(MODEL_PARAMETER)
  return adopt(await openConnection(folder ?? folderAt(address, document.baseURI, MODEL_ROOT)))
}

/** Opens the model of another folder; if that fails, the one before stays. Not to be called during a drawing. */
export async function openModel(next: ModelFolder): Promise<void> {
  await connecting?.catch(() => {})
  showStatus('loading')
  const opened = await openConnection(next)
  disconnect()
  measuredPace.value = undefined
  folder = next
  connecting = Promise.resolve(adopt(opened))
}

/** @param folder undefined for the stickers */
async function openConnection(folder: ModelFolder | undefined): Promise<Connection> {
  const opening = openWorker({ choice, modelRoot: MODEL_ROOT, ...(folder && { folder }) }, showDownload)
  try {
    // The folder may be a copy of the stickers' own.
    const tokenizer = folder ? (await opening).model.isStickers && requireTokenizer() : requireTokenizer()
    const [words, opened] = await Promise.all([tokenizer, opening])
    const facts = await Promise.race([opened.failure, opened.studio.facts()])
    return { ...opened, tokenizer: words || undefined, facts }
  } catch (error) {
    close(opening)
    throw error
  }
}

/** Has the page draw with an open worker. */
function adopt(opened: Connection): Connection {
  close(decoding)
  decoding = undefined
  opened.failure.catch(fail)
  const { modelHash } = opened.facts
  // With another engine it is the same model.
  const isSame = opened.model.isStickers ? model.peek().isStickers : modelHash === openHash
  if (!isSame) changeModel(opened.model)
  openHash = modelHash
  connection.value = opened
  showBackend(opened.backend)
  showProgress(0, opened.model.condition === 'text' ? 'Type a few words, then Generate.' : 'Press Generate.')
  showStatus('ready')
  return opened
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
