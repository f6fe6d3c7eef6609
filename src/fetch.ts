import type { ConfigOverrides } from './config'
import { ConfigError, FetchError } from './errors'

/**
 * Fetches and parses a JSON file. Rejects with FetchError (what was fetched, the status, what came instead), or with
 * the signal's reason.
 */
export async function fetchJson(url: string | URL, signal?: AbortSignal): Promise<unknown> {
  const address = String(url)
  let response: Response
  try {
    response = await fetch(url, signal ? { signal } : {})
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
  const text = await response.text()
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

/** What `model_index.json` of a diffusers pipeline folder says. */
export interface ModelIndex {
  readonly _class_name: string
  readonly scheduler: readonly [library: string, className: string]
  readonly [component: string]: unknown
}

/**
 * Reads `model_index.json` and checks that the folder holds a VQ-Diffusion pipeline. Rejects with FetchError, or with
 * ConfigError that names what the folder holds instead.
 */
export async function fetchModelIndex(
  folder: string | URL,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ModelIndex> {
  const address = modelFile(folder, '', 'model_index.json')
  const index = (await fetchJson(address, signal)) as Partial<ModelIndex> | null
  const [, className] = Array.isArray(index?.scheduler) ? index.scheduler : []
  if (index?._class_name !== 'VQDiffusionPipeline' || className !== 'VQDiffusionScheduler')
    throw new ConfigError(
      `${address} needs to describe a VQDiffusionPipeline with a VQDiffusionScheduler; ` +
        `given ${JSON.stringify(index?._class_name)} with ${JSON.stringify(className)}.`,
    )
  return index as ModelIndex
}

/** The address of a file in a model folder, e.g. scheduler/scheduler_config.json. Relative to the page if not absolute. */
export function modelFile(folder: string | URL, subfolder: string, file: string): string {
  const parts = [String(folder).replace(/\/+$/, ''), subfolder.replace(/^\/+|\/+$/g, ''), file]
  return parts.filter(Boolean).join('/')
}
