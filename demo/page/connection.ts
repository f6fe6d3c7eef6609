import { signal } from '@preact/signals-core'
import { type BackendChoice, type Engine, readBackendChoice } from '../picture/settings'
import type { Tokenizer } from '../picture/tokenizer'
import { loadTokenizer } from '../picture/vocabulary'
import type { EngineFacts } from '../worker/protocol'
import { announce } from './announce'
import { assistPrompt } from './completion'
import { element } from './element'
import { showBackend, showDownload, showProgress, showState } from './messages'
import { type OpenStudio, openStudio } from './open_worker'
import { busy } from './state'

/** The open worker, and what turns a prompt into its language. */
export interface Connection extends OpenStudio {
  tokenizer: Tokenizer
  facts: EngineFacts
}

/** The open worker; undefined while one opens and after a failure. */
export const connection = signal<Connection | undefined>(undefined)

let choice: BackendChoice = readBackendChoice(new URLSearchParams(location.search))
let tokenizer: Tokenizer | undefined
/** Undefined after a failure, so that the next picture opens another worker. */
let opening: Promise<Connection> | undefined

/** The worker, opened when it is not yet. */
export function connect(): Promise<Connection> {
  opening ??= open()
  return opening
}

async function open(): Promise<Connection> {
  showState('loading')
  if (tokenizer === undefined) {
    tokenizer = await loadTokenizer()
    assistPrompt(tokenizer)
  }
  const opened = await openStudio(choice, showDownload)
  opened.failure.catch(fail)
  const facts = await Promise.race([opened.failure, opened.studio.facts()])
  connection.value = { ...opened, tokenizer, facts }
  showBackend(opened.backend)
  showProgress(0, 'Type a few words, then Generate.')
  showState('ready')
  return connection.value
}

/** Gives the worker up and says why; Generate opens another one. */
export function fail(error: Error): void {
  disconnect()
  busy.value = false
  showProgress(0, 'Generate tries again.')
  showState('error', error.message)
  announce(error.message)
  element('status', HTMLElement).scrollIntoView({ block: 'nearest' })
}

/** Goes on with another engine. Not while something is drawn. */
export async function switchEngine(engine: Engine): Promise<void> {
  choice = { engine, network: undefined }
  disconnect()
  await connect()
}

function disconnect(): void {
  opening?.then(({ close }) => close()).catch(() => {})
  opening = undefined
  connection.value = undefined
}
