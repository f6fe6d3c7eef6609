import { CheckpointError } from '../../errors'
import { substituteOf } from '../../file_content'
import { quoted } from '../../value_text'
import type { ByteFolder, ByteSource } from './checkpoint'
import { readJson } from './json'
import { readSafetensors } from './safetensors'
import type { StoredTensor, Tensors } from './tensors'
import { readTorch, TorchTensor } from './torch'

/** The layout of a file of weights by its first bytes, whatever its name says. Rejects CheckpointError if it is neither. */
export async function weightFormat(source: ByteSource): Promise<'safetensors' | 'torch'> {
  const start = await source.read(0, Math.min(source.size, 512))
  const text = String.fromCharCode(...start.subarray(0, 9))
  if (text.startsWith('PK\x03\x04')) return 'torch'
  const substitute = substituteOf(start)
  if (substitute)
    throw new CheckpointError(`${source.name} needs to be a file of weights; given ${substitute}.`, source.name)
  // The length of a header, which begins with a brace.
  if (text[8] === '{') return 'safetensors'
  // A pickle of protocol 2 or later, or the archive of files that PyTorch 0.1 wrote.
  const isOld = (text[0] === '\x80' && start[1]! < 6) || String.fromCharCode(...start.subarray(257, 262)) === 'ustar'
  const what = isOld
    ? 'is a pickle without an archive, as PyTorch wrote before version 1.6: load it there and save it again with torch.save'
    : `needs to be safetensors or an archive of torch.save; it begins with ${quoted(text)}`
  throw new CheckpointError(`${source.name} ${what}.`, source.name)
}

/** The tensors of a file of weights: safetensors, or a plain state dict of PyTorch. Rejects CheckpointError. */
export async function readTensors(source: ByteSource): Promise<Map<string, StoredTensor>> {
  if ((await weightFormat(source)) === 'safetensors') return readSafetensors(source)
  return stateDict(source.name, await readTorch(source, 'refuse'))
}

/**
 * The dictionary of a checkpoint of PyTorch, in which optimizers and schedulers are objects without a content. Rejects
 * CheckpointError.
 */
export async function readDictionary(source: ByteSource): Promise<Map<unknown, unknown>> {
  if ((await weightFormat(source)) !== 'torch')
    throw new CheckpointError(`${source.name} needs to be an archive of torch.save; given safetensors.`, source.name)
  const whole = await readTorch(source, 'inert')
  if (!(whole instanceof Map))
    throw new CheckpointError(`${source.name} needs to hold a dictionary, as checkpoints do.`, source.name)
  return whole
}

/** The tensors of a state dict; other values of it are left out. Throws CheckpointError if it is none. */
export function stateDict(source: string, value: unknown): Map<string, StoredTensor> {
  if (!(value instanceof Map)) throw new CheckpointError(`${source} needs a state dict, names with tensors.`, source)
  const tensors = new Map<string, StoredTensor>()
  for (const [name, tensor] of value)
    if (typeof name === 'string' && tensor instanceof TorchTensor) tensors.set(name, tensor)
  return tensors
}

/** diffusers' and transformers' names of files of weights, with the variant ("fp16") at either place. */
const weightFile = /^(?:diffusion_pytorch_model|pytorch_model|model)(?:\.(\w+))?\.(safetensors|bin)$/
const indexFile =
  /^(?:diffusion_pytorch_model|pytorch_model|model)(?:\.(\w+))?\.(safetensors|bin)\.index(?:\.(\w+))?\.json$/

/** The files that `openWeights` has opened; they are closed together. */
export type Opened = ByteSource[]

/**
 * The tensors of a component of a folder: of one file or of shards with an index, without a variant rather than with one,
 * `.safetensors` rather than `.bin`. Rejects CheckpointError.
 */
export async function openWeights(folder: ByteFolder, component: string, opened: Opened): Promise<Tensors> {
  const files = folder.paths
    .filter((path) => path.startsWith(`${component}/`))
    .map((path) => path.slice(component.length + 1))
  const found = files
    .map((file) => {
      const single = weightFile.exec(file)
      const index = indexFile.exec(file)
      if (single) return { file, variant: single[1] ?? '', bin: single[2] === 'bin', sharded: false }
      if (index) return { file, variant: index[1] ?? index[3] ?? '', bin: index[2] === 'bin', sharded: true }
      return undefined
    })
    .filter((candidate) => candidate !== undefined)
    .sort(
      (a, b) =>
        Number(a.variant !== '') - Number(b.variant !== '') ||
        Number(a.bin) - Number(b.bin) ||
        Number(a.sharded) - Number(b.sharded) ||
        (a.file < b.file ? -1 : 1),
    )[0]
  const where = `${folder.name}/${component}`
  if (!found)
    throw new CheckpointError(
      `${where} needs weights, such as diffusion_pytorch_model.safetensors, or shards with an index; it has {${files.slice(0, 16).join(', ')}}.`,
      where,
    )
  const open = async (file: string) => {
    const source = await folder.open(`${component}/${file}`)
    opened.push(source)
    return readTensors(source)
  }
  if (!found.sharded) return open(found.file)
  return openShards(folder, `${component}/${found.file}`, open)
}

async function openShards(
  folder: ByteFolder,
  path: string,
  open: (file: string) => Promise<Tensors>,
): Promise<Tensors> {
  const fail: (what: string) => never = (what) => {
    throw new CheckpointError(`${folder.name}/${path} ${what}.`, `${folder.name}/${path}`)
  }
  const { weight_map: map } = await readJson(folder, path)
  if (typeof map !== 'object' || map === null) fail('needs a weight_map')
  const shards = new Map<string, Tensors>()
  const tensors = new Map<string, StoredTensor>()
  for (const [name, file] of Object.entries(map as Record<string, unknown>)) {
    if (typeof file !== 'string' || /[\\/]/.test(file))
      fail(`needs the names of files in its folder; given ${quoted(String(file))}`)
    const shard = shards.get(file) ?? (await open(file))
    shards.set(file, shard)
    tensors.set(
      name,
      shard.get(name) ?? fail(`says that ${quoted(name)} is in ${quoted(file)}, which does not have it`),
    )
  }
  return tensors
}
