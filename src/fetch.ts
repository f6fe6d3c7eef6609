import { requireSignal, requireString } from './checks'
import type { ConfigOverrides } from './config'
import { FetchError, OptionError } from './errors'
import type { Names } from './option_names'
import { valueText } from './value_text'

declare global {
  // The declarations of the CPU entry name these two. The interfaces are empty where no library describes them, and
  // merge with those of lib.dom or of Node.
  interface AbortSignal {}
  interface URL {}
}

/**
 * Fetches a file and reads it. Rejects with FetchError if there is no connection or the server has no such file, or with
 * the signal's reason.
 *
 * @internal
 */
export async function fetchFile<Content>(
  url: string | URL,
  read: (response: Response) => Promise<Content>,
  signal?: AbortSignal,
): Promise<Content> {
  const address = String(url)
  let status: number
  try {
    const response = await fetch(url, signal ? { signal } : {})
    if (response.ok) return await read(response)
    status = response.status
  } catch (cause) {
    signal?.throwIfAborted()
    throw new FetchError(`${address} could not be fetched: ${(cause as Error).message}`, address, 0, { cause })
  }
  throw new FetchError(`${address} could not be fetched: the server answered ${status}.`, address, status)
}

/** Fetches and parses a JSON file. Rejects with OptionError or FetchError, or with the signal's reason. */
export async function fetchJson(url: string | URL, signal?: AbortSignal): Promise<unknown> {
  requireSignal(signal)
  const text = await fetchFile(url, (response) => response.text(), signal)
  try {
    return JSON.parse(text)
  } catch (cause) {
    const what = /^\s*</.test(text) ? 'an HTML page' : `text that is not JSON (${JSON.stringify(text.slice(0, 40))})`
    throw new FetchError(`${url} needs to be a JSON file; the server answered with ${what}.`, String(url), 200, {
      cause,
    })
  }
}

/** Options of `fromPretrained`, and values that take precedence over those of the file. */
export interface PretrainedOptions extends ConfigOverrides {
  /** 'scheduler' by default; '' if the folder itself holds scheduler_config.json. */
  readonly subfolder?: string
  /** Stops the download; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Names of the options of `fromPretrained` of both engines. */
export const pretrainedNames = {
  subfolder: true,
  signal: true,
  num_vec_classes: true,
  num_train_timesteps: true,
  alpha_cum_start: true,
  alpha_cum_end: true,
  gamma_cum_start: true,
  gamma_cum_end: true,
} satisfies Names<PretrainedOptions>

/** The URL of a file in a model folder, e.g. scheduler/scheduler_config.json. Throws OptionError. */
export function modelFile(folder: string | URL, subfolder: string, file: string): string {
  // Not instanceof: a URL may come from another realm.
  if (typeof folder !== 'string' && Object.prototype.toString.call(folder) !== '[object URL]')
    throw new OptionError(`A model folder needs to be a URL or a string; given ${valueText(folder)}.`)
  requireString('subfolder', subfolder)
  const parts = [String(folder).replace(/\/+$/, ''), subfolder.replace(/^\/+|\/+$/g, ''), file]
  return parts.filter(Boolean).join('/')
}
