import { requireSignal, requireString } from './checks'
import { type ConfigOverrides, configNames } from './config'
import { FetchError, OptionError } from './errors'
import { parseJson } from './file_content'
import { kindOf } from './kind'
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
  const bytes = await fetchFile(url, async (response) => new Uint8Array(await response.arrayBuffer()), signal)
  return parseJson(String(url), bytes, String(url), 200)
}

/** Options of `fromPretrained`, and values that take precedence over those of the file. */
export interface PretrainedOptions extends ConfigOverrides {
  /** 'scheduler' by default; '' if the folder itself holds scheduler_config.json. */
  readonly subfolder?: string
  /** Stops the download; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Names of the options of `fromPretrained` of both engines. */
export const pretrainedNames = { ...configNames, subfolder: true, signal: true } satisfies Names<PretrainedOptions>

/** Whether the value is an address: a string, or a URL of any realm. */
export function isAddress(value: unknown): value is string | URL {
  return typeof value === 'string' || kindOf(value) === 'URL'
}

/**
 * The URL of a file in a model folder, e.g. scheduler/scheduler_config.json. The query of the folder's address, such as a
 * revision or a signature, is that of every file. Throws OptionError.
 */
export function modelFile(folder: string | URL, subfolder: string, file: string): string {
  if (!isAddress(folder))
    throw new OptionError(`A model folder needs to be a URL or a string; given ${valueText(folder)}.`)
  requireString('subfolder', subfolder)
  const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(String(folder).trim())!
  // Such as data: and blob:, and hosts without https://.
  if (/^[a-z][a-z\d+.-]+:(?![\\/])/i.test(path))
    throw new OptionError(
      `A model folder needs to be an address with files below it, such as https://example.org/model; given ${valueText(path)}.`,
    )
  // A '%' in an address may begin an escaped character; in a name it is one itself.
  const start = path.replace(/[\\/]*$/, path === '' ? '' : '/').replace(/%(?![\da-f]{2})/gi, '%25')
  const names = [subfolder, file].flatMap((name) => name.split('/').filter(Boolean))
  const escaped = names.map((name) => name.replace(/[%?#]/g, encodeURIComponent))
  return absoluteAddress(`${start}${escaped.join('/')}${query}`)
}

/** An address relative to the page. What is no address, and a relative one where there is no page, is left to `fetch`. */
export function absoluteAddress(address: string): string {
  try {
    return new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href).href
  } catch {
    return address
  }
}
