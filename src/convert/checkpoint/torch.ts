import { CheckpointError } from '../../errors'
import { quoted } from '../../value_text'
import type { ByteSource } from './checkpoint'
import { dtypeBytes, dtypeNames, toFloats } from './dtypes'
import { Inert, PickleError, type PickleOptions, unpickle } from './pickle'
import { countOf, isShape, type StoredTensor } from './tensors'
import { readZip, type ZipEntry } from './zip'

/** The pickle of ITHQ's file has 0.3 MB. */
const pickleLimit = 2 ** 26

/** The types of PyTorch's storages, by the names of safetensors. */
const storageTypes: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

/** A type of storages: what names such as `torch.FloatStorage` stand for. */
class StorageType {
  constructor(readonly dtype: string) {}
}

/** The elements that tensors share. */
class Storage {
  constructor(
    readonly dtype: string,
    readonly count: number,
    readonly entry: ZipEntry,
  ) {}
}

/** A tensor of a PyTorch archive, with the strides and the offset of its view of a storage. */
export class TorchTensor implements StoredTensor {
  constructor(
    private readonly source: string,
    private readonly storage: Storage,
    private readonly offset: number,
    readonly shape: readonly number[],
    private readonly strides: readonly number[],
  ) {}

  async read(): Promise<Float32Array<ArrayBuffer>> {
    const { storage, shape, strides } = this
    const count = countOf(shape)
    if (count === 0) return new Float32Array(0)
    const width = dtypeBytes(storage.dtype)
    if (width === undefined)
      throw new CheckpointError(
        `${this.source} has a tensor of the type ${quoted(storage.dtype)}, of ${dtypeNames} none.`,
        this.source,
      )
    const span = spanOf(shape, strides)
    const floats = toFloats(storage.dtype, await storage.entry.read(this.offset * width, span * width))
    return isContiguous(shape, strides) ? floats : gathered(floats, shape, strides)
  }
}

/**
 * The object of a file that `torch.save` of PyTorch 1.6 or later wrote: Maps, arrays, numbers, strings, and `TorchTensor`s
 * whose bytes are read when they are asked for. Rejects CheckpointError.
 *
 * @param others what becomes of names that plain state dicts do not have: refused, or objects without a content
 */
export async function readTorch(source: ByteSource, others: PickleOptions['others']): Promise<unknown> {
  const { name } = source
  const fail: (what: string, cause?: unknown) => never = (what, cause) => {
    throw new CheckpointError(`${name} is no valid PyTorch archive: ${what}.`, name, { cause })
  }
  const entries = await readZip(source)
  const path = [...entries.keys()].find((name) => /^([^/]*\/)?data\.pkl$/.test(name))
  if (path === undefined) fail(`it has no data.pkl, but ${quoted([...entries.keys()].slice(0, 4).join(', '))}`)
  const root = path.slice(0, -'data.pkl'.length)
  if (entries.has(`${root}constants.pkl`))
    fail('it is a TorchScript program; save the state dict of the model in it with torch.save')
  const order = entries.get(`${root}byteorder`)
  if (order && new TextDecoder().decode(await order.read(0, Math.min(order.size, 8))) !== 'little')
    fail('it was saved on a big-endian machine')
  const pickle = entries.get(path)!
  if (pickle.size > pickleLimit) fail(`its pickle has ${pickle.size} bytes, and ${pickleLimit} at most are read`)

  const storageOf = (id: unknown): Storage => {
    const [kind, type, key, , count] = Array.isArray(id) ? id : []
    if (kind !== 'storage' || typeof key !== 'string' || !Number.isSafeInteger(count) || count < 0)
      fail('its pickle names a storage as PyTorch never does')
    const dtype =
      type instanceof StorageType ? type.dtype : type instanceof Inert ? type.className : fail('it is broken')
    const entry = entries.get(`${root}data/${key}`)
    if (!entry) fail(`the storage ${quoted(key)} is missing`)
    const width = dtypeBytes(dtype)
    if (width !== undefined && entry.size !== count * width)
      fail(`the storage ${quoted(key)} of ${count} elements (${dtype}) cannot have ${entry.size} bytes`)
    return new Storage(dtype, count, entry)
  }
  const tensorOf = (storage: unknown, offset: unknown, shape: unknown, strides: unknown): TorchTensor => {
    if (!(storage instanceof Storage)) fail('a tensor of it has no storage')
    if (!isShape([offset]) || !isShape(shape) || !isShape(strides) || shape.length !== strides.length)
      fail('a tensor of it needs an offset, a shape and strides')
    const { count } = storage
    const end = (offset as number) + spanOf(shape, strides)
    if (countOf(shape) > 0 && !(end <= count))
      fail(
        `a tensor [${shape}] with the strides [${strides}] at element ${offset} is outside of its storage of ${count}`,
      )
    if (countOf(shape) > count) fail(`a tensor [${shape}] has more elements than its storage of ${count}`)
    return new TorchTensor(name, storage, offset as number, shape, strides)
  }
  const globals = new Map<string, unknown>([
    ['torch._utils._rebuild_tensor', tensorOf],
    ['torch._utils._rebuild_tensor_v2', tensorOf],
    ['torch._utils._rebuild_parameter', (data: unknown) => data ?? fail('a parameter of it has no tensor')],
    ['collections.OrderedDict', orderedDict],
    ['torch.Size', (sizes: unknown) => sizes ?? []],
    ...Object.entries(storageTypes).map(([type, dtype]) => [`torch.${type}`, new StorageType(dtype)] as const),
  ])
  try {
    return unpickle(await pickle.read(0, pickle.size), { globals, others, persistent: storageOf })
  } catch (cause) {
    if (cause instanceof PickleError) fail(cause.message, cause)
    throw cause
  }
}

/** `OrderedDict()`, or of Python 2 `OrderedDict([[key, value], …])`. */
function orderedDict(pairs: unknown = []): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  if (Array.isArray(pairs)) for (const pair of pairs) if (Array.isArray(pair)) map.set(pair[0], pair[1])
  return map
}

/** Elements from the first to the last of a view, both included. */
function spanOf(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((span, size, axis) => span + (size - 1) * strides[axis]!, 1)
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

/** The elements of a view in row-major order, such as those of a transposed matrix. */
function gathered(from: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(countOf(shape))
  const index = shape.map(() => 0)
  for (let i = 0, at = 0; i < floats.length; i++) {
    floats[i] = from[at]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      at -= shape[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return floats
}
