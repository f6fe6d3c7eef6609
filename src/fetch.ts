import { requireSignal, requireString, valueText } from './checks'
import type { ConfigOverrides } from './config'
import { FetchError, OptionError } from './errors'

declare global {
  // The declarations of the CPU entry name these two. The interfaces are empty where no library describes them, and merge with those of
  // lib.dom or of Node.
  interface AbortSignal {}
  interface URL {}
}

/** Fetches and parses a JSON file. Rejects with OptionError or FetchError, or with the signal's reason. */
export async function fetchJson(url: string | URL, signal?: AbortSignal): Promise<unknown> {
  requireSignal(signal)
  const address = String(url)
  let response: Response
  let text: string
  try {
    response = await fetch(url, signal ? { signal } : {})
    text = await response.text()
  } catch (cause) {
    signal?.throwIfAborted()
    throw new FetchError(`${address} could not be fetched: ${(cause as Error).message}`, address, 0, { cause })
  }
  if (!response.ok)
    throw new FetchError(
      `${address} could not be fetched: the server answered ${response.status}.`,
      address,
      response.status,
    )
  try {
    return JSON.parse(text)
  } catch (cause) {
    const what = /^\s*</.test(text) ? 'an HTML page' : `text that is not JSON (${JSON.stringify(text.slice(0, 40))})`
    throw new FetchError(
      `${address} needs to be a JSON file; the server answered with ${what}.`,
      address,
      response.status,
      {
        cause,
      },
    )
  }
}

/** Options of `fromPretrained`, and values that take precedence over those of the file. */
export interface PretrainedOptions extends ConfigOverrides {
  /** 'scheduler' by default; '' if the folder itself holds scheduler_config.json. */
  readonly subfolder?: string
  /** Stops the download; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** The URL of a file in a model folder, e.g. scheduler/scheduler_config.json. Throws OptionError. */
export function modelFile(folder: string | URL, subfolder: string, file: string): string {
  // Not instanceof: a URL may come from another realm.
  if (typeof folder !== 'string' && Object.prototype.toString.call(folder) !== '[object URL]')
    throw new OptionError(`A model folder needs to be a URL or a string; given ${valueText(folder)}.`)
  requireString('subfolder', subfolder)
  const parts = [String(folder).replace(/\/+$/, ''), subfolder.replace(/^\/+|\/+$/g, ''), file]
  return parts.filter(Boolean).join('/')
}
