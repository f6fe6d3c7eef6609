import type { ConfigOverrides } from './config'
import { FetchError } from './errors'

/**
 * Fetches and parses a JSON file. Rejects with FetchError (what was fetched, the status, what came instead), or with
 * the signal's reason.
 */
export async function fetchJson(url: string | URL, signal?: AbortSignal): Promise<unknown> {
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

/** Where in a model folder a scheduler is, and values that win over those in its file. */
export interface PretrainedOptions extends ConfigOverrides {
  /** 'scheduler' by default, '' for a folder of the scheduler's own. */
  readonly subfolder?: string
  readonly signal?: AbortSignal
}

/** The address of a file in a model folder, e.g. scheduler/scheduler_config.json. Relative to the page if not absolute. */
export function modelFile(folder: string | URL, subfolder: string, file: string): string {
  const parts = [String(folder).replace(/\/+$/, ''), subfolder.replace(/^\/+|\/+$/g, ''), file]
  return parts.filter(Boolean).join('/')
}
