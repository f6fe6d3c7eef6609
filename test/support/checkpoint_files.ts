import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { ByteFolder, ByteSource, Checkpoint } from '../../src/convert/checkpoint/checkpoint'
import { CheckpointError } from '../../src/errors'

/** Files of checkpoints in memory, and writers of the layouts that PyTorch and safetensors write, valid or not. */

/** A file that fails a test if a reader asks for more bytes at once than it has. */
export function source(name: string, bytes: Uint8Array): ByteSource & { closed: boolean } {
  return {
    name,
    size: bytes.length,
    closed: false,
    async read(offset, length) {
      if (length > bytes.length) throw new Error(`${length} bytes of ${bytes.length} were asked for`)
      if (!(offset + length <= bytes.length)) throw new CheckpointError(`${name} ends early.`, name)
      return bytes.slice(offset, offset + length) as Uint8Array<ArrayBuffer>
    },
    async close() {
      this.closed = true
    },
  }
}

/** A folder of files in memory. */
export function folder(files: Readonly<Record<string, Uint8Array>>): ByteFolder {
  return {
    name: 'folder',
    paths: Object.keys(files),
    async open(path) {
      const bytes = files[path]
      if (!bytes) throw new CheckpointError(`folder has no file ${path}.`, 'folder')
      return source(`folder/${path}`, bytes)
    },
  }
}

export const utf8 = (text: string) => new TextEncoder().encode(text)
export const json = (value: unknown) => utf8(JSON.stringify(value))

function joined(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256)
}

/** A safetensors file with this header, given as an object or a text, and these bytes of tensors. */
export function safetensors(header: unknown, data: Uint8Array, headerLength?: number): Uint8Array<ArrayBuffer> {
  const text = utf8(typeof header === 'string' ? header : JSON.stringify(header))
  return joined([little(headerLength ?? text.length, 8), text, data])
}

/** How an archive differs from what its entries say. */
export interface ZipFaults {
  /** The compression method of every entry; 0 is stored. */
  readonly method?: number
  readonly flags?: number
  /** Added to the sizes in the directory. */
  readonly sizes?: number
  readonly packedSizes?: number
  /** Replaces the places of the local headers in the directory. */
  readonly place?: (place: number) => number
  /** All sizes and places in records of ZIP64, not only those that need it. */
  readonly zip64?: boolean
}

type Bytes = Uint8Array | readonly number[]

/** The content of an entry that is too large to be held. */
export interface Pieces {
  /** Bytes of all pieces. */
  readonly length: number
  pieces(): Iterable<Uint8Array>
}

type Entry = readonly [name: string, content: Uint8Array | Pieces]

/** An archive of stored entries, with data descriptors and aligned contents, as PyTorch writes them. */
export function zip(entries: Iterable<Entry>, faults: ZipFaults = {}): Uint8Array<ArrayBuffer> {
  return joined([...zipParts(entries, faults)])
}

/** The bytes of `zip`, a part at a time. */
function* zipParts(
  entries: Iterable<Entry>,
  { method = 0, flags = 0x808, sizes = 0, packedSizes = 0, place = (at) => at, zip64 = false }: ZipFaults = {},
): Generator<Bytes> {
  const directory: Bytes[] = []
  let at = 0
  let count = 0
  const isLong = (value: number) => zip64 || value >= 2 ** 32
  const short = (value: number) => (isLong(value) ? [255, 255, 255, 255] : little(value, 4))
  for (const [name, content] of entries) {
    const label = utf8(name)
    const local = place(at)
    const padding = (-(at + 30 + label.length + 4) & 63) + 4
    yield [0x50, 0x4b, 3, 4, ...little(0, 2), ...little(flags, 2), ...little(method, 2), ...little(0, 16)]
    yield [...little(label.length, 2), ...little(padding, 2), ...label]
    yield [0x46, 0x42, ...little(padding - 4, 2), ...new Array<number>(padding - 4).fill(0x5a)]
    yield* content instanceof Uint8Array ? [content] : content.pieces()
    yield [0x50, 0x4b, 7, 8, ...little(0, 4), ...little(content.length, 4), ...little(content.length, 4)]
    at += 30 + label.length + padding + content.length + 16
    const [size, packed] = [content.length + sizes, content.length + sizes + packedSizes]
    const long = [size, packed, local].filter(isLong).flatMap((value) => little(value, 8))
    const extra = long.length > 0 ? [1, 0, ...little(long.length, 2), ...long] : []
    directory.push([0x50, 0x4b, 1, 2, 0, 0, 0, 0, ...little(flags, 2), ...little(method, 2), ...little(0, 8)])
    directory.push(short(packed), short(size), little(label.length, 2), little(extra.length, 2), little(0, 10))
    directory.push(short(local), label, extra)
    count++
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0)
  yield* directory
  if (isLong(at)) {
    yield [0x50, 0x4b, 6, 6, ...little(44, 8), ...little(0, 12), ...little(count, 8), ...little(count, 8)]
    yield [...little(length, 8), ...little(at, 8), 0x50, 0x4b, 6, 7, ...little(0, 4), ...little(at + length, 8)]
    yield little(1, 4)
  }
  const counts = zip64 ? [255, 255, 255, 255] : [...little(count, 2), ...little(count, 2)]
  yield [0x50, 0x4b, 5, 6, ...little(0, 4), ...counts, ...short(length), ...short(at), 0, 0]
}

/** A tensor to save: PyTorch's name of the storage's type, its elements, and the view. */
export class Saved {
  constructor(
    readonly storage: ArrayBufferView | Pieces,
    readonly shape: readonly number[],
    readonly view: { offset?: number; strides?: readonly number[]; type?: string; count?: number; key?: string } = {},
  ) {}
}

/** A name of Python, called with arguments if there are any. */
export class Named {
  constructor(
    readonly module: string,
    readonly name: string,
    readonly parameters?: readonly unknown[],
  ) {}
}

const types: Readonly<Record<string, string>> = {
  Float32Array: 'FloatStorage',
  Float64Array: 'DoubleStorage',
  Uint16Array: 'HalfStorage',
  BigInt64Array: 'LongStorage',
  Uint8Array: 'ByteStorage',
}

/** What `torch.save` of this value writes: Maps are dictionaries, arrays tuples. */
export function torchArchive(value: unknown, faults: ZipFaults = {}): Uint8Array<ArrayBuffer> {
  return zip(torchEntries(value), faults)
}

/** Writes it into a file, and holds a piece at a time. */
export async function writeTorchArchive(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx')
  try {
    for (const part of zipParts(torchEntries(value)))
      await file.writeFile(part instanceof Uint8Array ? part : Uint8Array.from(part))
  } finally {
    await file.close()
  }
}

function torchEntries(value: unknown): Entry[] {
  const entries: Entry[] = []
  const storages = new Map<object, string>()
  const text = (string: string) => [0x58, ...little(utf8(string).length, 4), ...utf8(string)]
  const global = (module: string, name: string) => [0x63, ...utf8(`${module}\n${name}\n`)]
  const integer = (number: number) =>
    number >= 0 && number < 2 ** 31
      ? [0x4a, ...little(number, 4)]
      : [0x8a, 8, ...bytesOf(BigInt64Array.of(BigInt(number)))]
  const write = (item: unknown): number[] => {
    if (item === null) return [0x4e]
    if (typeof item === 'boolean') return [item ? 0x88 : 0x89]
    if (typeof item === 'string') return text(item)
    if (typeof item === 'number' && Number.isInteger(item)) return integer(item)
    if (typeof item === 'number') return [0x47, ...bytesOf(Float64Array.of(item)).reverse()]
    if (Array.isArray(item)) return [0x28, ...item.flatMap(write), 0x74]
    if (item instanceof Map) return [0x7d, 0x28, ...[...item].flat(1).flatMap(write), 0x75]
    if (item instanceof Named)
      return [...global(item.module, item.name), ...(item.parameters ? [...write(item.parameters), 0x52] : [])]
    const { storage, shape, view } = item as Saved
    const key = view.key ?? storages.get(storage) ?? `${storages.size}`
    if (!storages.has(storage) && view.key === undefined)
      entries.push([`archive/data/${key}`, 'pieces' in storage ? storage : viewOf(storage)])
    storages.set(storage, key)
    const type = view.type ?? types[storage.constructor.name]!
    const count = view.count ?? (storage as Float32Array).length
    const strides = view.strides ?? shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
    const identifier = [
      0x28,
      ...text('storage'),
      ...global('torch', type),
      ...text(key),
      ...text('cpu'),
      ...integer(count),
      0x74,
    ]
    const hooks = [...global('collections', 'OrderedDict'), 0x29, 0x52]
    return [
      ...global('torch._utils', '_rebuild_tensor_v2'),
      ...[
        0x28,
        ...identifier,
        0x51,
        ...integer(view.offset ?? 0),
        ...write(shape),
        ...write(strides),
        0x89,
        ...hooks,
        0x74,
      ],
      0x52,
    ]
  }
  const pickle = Uint8Array.from([0x80, 2, ...write(value), 0x2e])
  return [['archive/data.pkl', pickle], ...entries, ['archive/version', utf8('3\n')]]
}

const viewOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
const bytesOf = (array: ArrayBufferView) => [...viewOf(array)]

/** Of names, shapes and values of all weights, in the order of names. */
export async function digest({ transformer, vqvae, textEncoder }: Checkpoint): Promise<string> {
  const hash = createHash('sha256')
  for (const { weights } of [transformer, vqvae!, textEncoder!])
    for (const [name, shape] of [...weights.shapes].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${name} ${shape}\n`).update(await weights.read(name))
  return hash.digest('hex').slice(0, 16)
}
