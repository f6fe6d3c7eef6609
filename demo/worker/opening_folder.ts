import type { DownloadProgress } from 'vq-diffusion-webgpu/onnx'
import { modelHash } from './assets'
import { loadTogether } from './downloads'
import { folderHash } from './folder_hash'
import { FolderModel } from './folder_model'
import { type OpenedFiles, type OpeningContext, openStickers } from './opening'
import type { ModelFolder, PartsProgress } from './protocol'

/** Opens the model of a folder; a copy of the stickers' own as they are. */
export async function openFolder(folder: ModelFolder, context: OpeningContext): Promise<OpenedFiles> {
  const hash = await folderHash(folder)
  return hash === modelHash(context.modelRoot) ? openStickers(context) : openOther(folder, hash, context)
}

/** Starts the runtime, in which the files of the model are opened as they arrive. */
async function openOther(
  folder: ModelFolder,
  hash: string,
  { backend, store, onProgress, ...context }: OpeningContext,
): Promise<OpenedFiles> {
  let runtime: DownloadProgress = { loaded: 0, total: 0 }
  const onRuntime = (progress: PartsProgress) => {
    runtime = progress
    onProgress(progress)
  }
  const loading = loadTogether({ runtime: context.runtimeFiles }, { store, onProgress: onRuntime })
  const ort = await context.startRuntime(loading.runtime)
  const onModel = (model: DownloadProgress) =>
    onProgress({ loaded: runtime.loaded + model.loaded, total: runtime.total + model.total, parts: { runtime, model } })
  return { opened: new FolderModel(folder, hash, { backend, ort, onProgress: onModel }), ort }
}
