import { requireOptions } from '../checks'
import { ConfigError } from '../errors'
import { fetchJson, modelFile } from '../fetch'
import { valueText } from '../value_text'

/** The content of `model_index.json` of a diffusers pipeline folder. */
export interface ModelIndex {
  /** Class of the pipeline, 'VQDiffusionPipeline'. */
  readonly _class_name: string
  /** Library and class of the scheduler, ['diffusers', 'VQDiffusionScheduler']. */
  readonly scheduler: readonly [library: string, className: string]
  /** Other components and keys, as the file has them. */
  readonly [component: string]: unknown
}

/**
 * Fetches `model_index.json` and checks that the folder holds a VQ-Diffusion pipeline. Rejects with OptionError,
 * FetchError, or with ConfigError, which names the pipeline that the folder holds.
 */
export async function fetchModelIndex(
  folder: string | URL,
  options: { signal?: AbortSignal } = {},
): Promise<ModelIndex> {
  const { signal } = requireOptions('fetchModelIndex', options, { signal: true })
  const address = modelFile(folder, '', 'model_index.json')
  return requireModelIndex(await fetchJson(address, signal), address)
}

/** Throws ConfigError unless this is the content of the `model_index.json` of a VQ-Diffusion pipeline. */
export function requireModelIndex(content: unknown, address: string): ModelIndex {
  const index = content as Partial<ModelIndex> | null
  const [, className] = Array.isArray(index?.scheduler) ? index.scheduler : []
  if (index?._class_name !== 'VQDiffusionPipeline' || className !== 'VQDiffusionScheduler')
    throw new ConfigError(
      `${address} needs to describe a VQDiffusionPipeline with a VQDiffusionScheduler; ` +
        `given ${JSON.stringify(index?._class_name)} with ${JSON.stringify(className)} in ${valueText(content)}.`,
    )
  return index as ModelIndex
}
