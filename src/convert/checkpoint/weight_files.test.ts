import { describe, expect, it } from 'vitest'
import {
  folder,
  json,
  Named,
  Saved,
  safetensors,
  source,
  torchArchive,
  utf8,
  zip,
} from '../../../test/support/checkpoint_files'
import { CheckpointError } from '../../errors'
import type { StoredTensor } from './tensors'
import { openWeights, readTensors } from './weight_files'

const read = (bytes: Uint8Array) => readTensors(source('file', bytes))
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
const values = async (tensors: ReadonlyMap<string, StoredTensor>, name: string) => [
  ...(await tensors.get(name)!.read()),
]
const state = (entries: Record<string, unknown>) => new Map(Object.entries(entries))

/** Opens a file and reads all its tensors; what is rejected needs to be a CheckpointError of this message. */
async function expectRefused(bytes: Uint8Array, message: string | RegExp): Promise<void> {
  const result = read(bytes).then((tensors) => Promise.all([...tensors.values()].map((tensor) => tensor.read())))
  await expect(result).rejects.toThrow(message)
  await expect(result).rejects.toBeInstanceOf(CheckpointError)
}

describe('safetensors', () => {
  const one = (dtype: string, shape: number[], data: Uint8Array) =>
    safetensors({ __metadata__: { format: 'pt' }, w: { dtype, shape, data_offsets: [0, data.length] } }, data)

  it.each([
    ['F64', Float64Array.of(1.5, -2)],
    ['F32', Float32Array.of(1.5, -2)],
    ['F16', Uint16Array.of(0x3e00, 0xc000)],
    ['BF16', Uint16Array.of(0x3fc0, 0xc000)],
  ])('reads %s', async (dtype, data) => {
    expect(await values(await read(one(dtype, [2, 1], bytesOf(data))), 'w')).toEqual([1.5, -2])
  })

  it.each([
    ['I64', BigInt64Array.of(7n, -2n), [7, -2]],
    ['U64', BigUint64Array.of(7n, 2n), [7, 2]],
    ['I32', Int32Array.of(7, -2), [7, -2]],
    ['U32', Uint32Array.of(7, 2 ** 31), [7, 2 ** 31]],
    ['I16', Int16Array.of(7, -2), [7, -2]],
    ['U16', Uint16Array.of(7, 65534), [7, 65534]],
    ['I8', Int8Array.of(7, -2), [7, -2]],
    ['U8', Uint8Array.of(7, 254), [7, 254]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
  ])('reads %s', async (dtype, data, expected) => {
    expect(await values(await read(one(dtype, [2], bytesOf(data))), 'w')).toEqual(expected)
  })

  it('reads subnormal, infinite and undefined float16', async () => {
    const bits = Uint16Array.of(1, 0x8000, 0x7bff, 0x7c00, 0xfc00, 0x7e00)
    const expected = [2 ** -24, -0, 65504, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
    expect(await values(await read(one('F16', [6], bytesOf(bits))), 'w')).toEqual(expected)
  })

  it('reads scalars and tensors without elements', async () => {
    const header = {
      s: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
      e: { dtype: 'F32', shape: [0], data_offsets: [4, 4] },
    }
    const tensors = await read(safetensors(header, bytesOf(Float32Array.of(3))))
    expect(await values(tensors, 's')).toEqual([3])
    expect(await values(tensors, 'e')).toEqual([])
    expect(tensors.get('e')!.shape).toEqual([0])
  })

  const two = (a: [number, number], b: [number, number]) =>
    safetensors(
      {
        a: { dtype: 'U8', shape: [a[1] - a[0]], data_offsets: a },
        b: { dtype: 'U8', shape: [b[1] - b[0]], data_offsets: b },
      },
      new Uint8Array(8),
    )

  it.each([
    ['overlapping tensors', two([0, 5], [4, 8]), 'the tensors "a" and "b" overlap'],
    ['two tensors at one place', two([0, 8], [0, 8]), 'overlap'],
    ['a tensor beyond the end', two([0, 4], [4, 9]), /"b" is at the bytes \d+ to \d+ of \d+/],
    ['a wrong shape', one('F32', [3], new Uint8Array(8)), '"w" of F32 [3] cannot have 8 bytes'],
    ['an enormous shape', one('F32', [2 ** 40, 2 ** 40, 0.5 * 2 ** 40], new Uint8Array(8)), 'cannot have 8 bytes'],
    ['a negative size', one('F32', [-2], new Uint8Array(8)), 'needs dtype, shape and data_offsets'],
    ['another type', one('F8_E4M3', [8], new Uint8Array(8)), 'has the type "F8_E4M3"'],
    ['an enormous header', safetensors('{}', new Uint8Array(8), 2 ** 52), 'over the limit of 100000000'],
    ['a cut header', safetensors('{"a":', new Uint8Array(0), 64), 'its header has 64 bytes, and the file 13'],
    ['a header that is no JSON', safetensors('{"a":', new Uint8Array(8)), 'its header is no JSON'],
    ['an entry that is none', safetensors({ a: null }, new Uint8Array(8)), 'needs dtype, shape and data_offsets'],
  ])('refuses %s', (_, bytes, message) => expectRefused(bytes, message))
})

describe('archives of PyTorch', () => {
  it.each([false, true])('reads what torch.save writes (ZIP64: %s)', async (zip64) => {
    const weights = Float32Array.from({ length: 12 }, (_, i) => i)
    const saved = state({
      whole: new Saved(weights, [3, 4]),
      part: new Saved(weights, [2, 2], { offset: 4, strides: [4, 1] }),
      transposed: new Saved(weights, [4, 3], { strides: [1, 4] }),
      half: new Saved(Uint16Array.of(0x3e00), [1, 1]),
      brain: new Saved(Uint16Array.of(0x3fc0), [1], { type: 'BFloat16Storage' }),
      double: new Saved(Float64Array.of(0.1), []),
      none: new Saved(new Float32Array(0), [0]),
      parameter: new Named('torch._utils', '_rebuild_parameter', [new Saved(Float32Array.of(5), [1]), true, null]),
      step: 3,
    })
    const tensors = await read(torchArchive(saved, { zip64 }))
    expect([...tensors.keys()]).toEqual(['whole', 'part', 'transposed', 'half', 'brain', 'double', 'none', 'parameter'])
    expect(await values(tensors, 'whole')).toEqual([...weights])
    expect(await values(tensors, 'part')).toEqual([4, 5, 8, 9])
    expect(await values(tensors, 'transposed')).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
    expect(await values(tensors, 'half')).toEqual([1.5])
    expect(await values(tensors, 'brain')).toEqual([1.5])
    expect(await values(tensors, 'double')).toEqual([Math.fround(0.1)])
    expect(await values(tensors, 'none')).toEqual([])
    expect(await values(tensors, 'parameter')).toEqual([5])
  })

  const weights = Float32Array.of(1, 2, 3, 4)
  const saved = (shape: number[], view: Saved['view'] = {}) =>
    torchArchive(state({ w: new Saved(weights, shape, view) }))
  const plain = state({ w: new Saved(weights, [4]) })

  it.each([
    [
      'a call',
      torchArchive(state({ w: new Named('posix', 'system', ['true']) })),
      'asks for "posix.system", which weights do not need, and which is not run',
    ],
    [
      'a call of what is no name',
      torchArchive(new Named('collections', 'OrderedDict', Array(99).fill(1))),
      'its pickle is broken',
    ],
    [
      'a view beyond its storage',
      saved([2], { offset: 3 }),
      'a tensor [2] with the strides [1] at element 3 is outside of its storage of 4',
    ],
    ['strides beyond the storage', saved([2, 2], { strides: [4, 1] }), 'is outside of its storage'],
    ['a shape beyond the storage', saved([2 ** 30, 2 ** 30]), 'is outside of its storage'],
    ['an enormous expanded tensor', saved([2 ** 31 - 1], { strides: [0] }), 'has more elements than its storage of 4'],
    ['negative strides', saved([2], { strides: [-1] }), 'needs an offset, a shape and strides'],
    [
      'a storage of another length',
      saved([4], { count: 5 }),
      'the storage "0" of 5 elements (F32) cannot have 16 bytes',
    ],
    ['a missing storage', saved([4], { key: 'gone' }), 'the storage "gone" is missing'],
    ['another type of storage', saved([4], { type: 'QInt8Storage' }), 'asks for "torch.QInt8Storage"'],
    ['compressed entries', torchArchive(plain, { method: 8 }), 'is compressed, which PyTorch never does'],
    ['encrypted entries', torchArchive(plain, { flags: 1 }), 'is encrypted'],
    ['entries of two sizes', torchArchive(plain, { packedSizes: -1 }), 'says two sizes'],
    ['entries beyond the file', torchArchive(plain, { sizes: 2 ** 31 }), 'is not inside of the file'],
    ['overlapping entries', torchArchive(plain, { sizes: 20 }), 'overlaps the next one'],
    ['entries at one place', torchArchive(plain, { place: () => 0 }), 'overlaps the next one'],
    ['a wrong place', torchArchive(plain, { place: (at) => at + 1 }), 'is not where the directory says'],
    [
      'two entries of one name',
      zip([
        ['a/data.pkl', utf8('x')],
        ['a/data.pkl', utf8('y')],
      ]),
      'two entries "a/data.pkl"',
    ],
    ['a pickle that ends early', zip([['a/data.pkl', Uint8Array.of(0x80, 2, 0x28)]]), 'its pickle ends early'],
    ['a pickle of nothing', zip([['a/data.pkl', Uint8Array.of(0x80, 2, 0x2e)]]), 'its pickle is broken'],
    [
      'a list that ends without a start',
      zip([['a/data.pkl', Uint8Array.of(0x5d, 0x65, 0x2e)]]),
      'its pickle is broken',
    ],
    [
      'a pickle with an unknown operation',
      zip([['a/data.pkl', utf8('I1\n.')]]),
      'the operation 0x49, which PyTorch never writes',
    ],
    [
      'a cut archive',
      torchArchive(plain).subarray(0, 300),
      'its end is missing. If it is the first of several parts, join them',
    ],
    [
      'a program',
      zip([
        ['a/data.pkl', utf8('x')],
        ['a/constants.pkl', utf8('x')],
      ]),
      'it is a TorchScript program',
    ],
    [
      'a big-endian file',
      zip([
        ['a/data.pkl', utf8('x')],
        ['a/byteorder', utf8('big')],
      ]),
      'saved on a big-endian machine',
    ],
    ['another archive', zip([['word/document.xml', utf8('<x/>')]]), 'it has no data.pkl, but "word/document.xml"'],
    ['a tensor alone', torchArchive(new Saved(weights, [4])), 'needs a state dict'],
  ])('refuses %s', (_, bytes, message) => expectRefused(bytes, message))
})

describe('what is in the place of a file', () => {
  it.each([
    ['nothing', new Uint8Array(0), 'given an empty file'],
    [
      'a pointer of Git LFS',
      utf8('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      'given a Git LFS pointer: the file itself was not downloaded (git lfs pull)',
    ],
    ['a web page', utf8('<!doctype html><title>404</title>'), 'given a web page'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0), 'given a gzip archive'],
    [
      'a .pth from before PyTorch 1.6',
      Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20),
      'is a pickle without an archive, as PyTorch wrote before version 1.6',
    ],
    [
      'a tar of PyTorch 0.1',
      Uint8Array.from({ length: 512 }, (_, i) => (i >= 257 && i < 262 ? 'ustar'.charCodeAt(i - 257) : 48)),
      'before version 1.6',
    ],
    [
      'another file',
      utf8('GGUF0123456789'),
      'needs to be safetensors or an archive of torch.save; it begins with "GGUF',
    ],
  ])('names %s', (_, bytes, message) => expectRefused(bytes, message))
})

describe('weights of a folder', () => {
  const file = (value: number) =>
    safetensors({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, bytesOf(Float32Array.of(value)))
  const bin = (value: number) => torchArchive(state({ w: new Saved(Float32Array.of(value), [1]) }))
  const index = (map: Record<string, unknown>) => json({ metadata: {}, weight_map: map })
  const open = (files: Record<string, Uint8Array>) =>
    openWeights(
      folder(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`part/${name}`, bytes]))),
      'part',
      [],
    )

  it.each([
    ['safetensors rather than .bin', { 'model.safetensors': file(1), 'pytorch_model.bin': bin(2) }],
    ['.bin alone', { 'diffusion_pytorch_model.bin': bin(1), 'diffusion_pytorch_model.onnx': utf8('x') }],
    ['a variant alone', { 'diffusion_pytorch_model.fp16.safetensors': file(1) }],
    [
      'no variant, if it is of the older format',
      { 'diffusion_pytorch_model.fp16.safetensors': file(2), 'diffusion_pytorch_model.bin': bin(1) },
    ],
    ['shards', { 'model.safetensors.index.json': index({ w: 'shard' }), shard: file(1) }],
    ['shards of a variant', { 'model.safetensors.index.fp16.json': index({ w: 'shard' }), shard: file(1) }],
    ['shards of a variant, named first', { 'model.fp16.safetensors.index.json': index({ w: 'shard' }), shard: bin(1) }],
  ])('reads %s', async (_, files) => {
    expect(await values(await open(files), 'w')).toEqual([1])
  })

  it.each([
    [
      'no weights',
      { 'config.json': json({}) },
      'folder/part needs weights, such as diffusion_pytorch_model.safetensors, or shards with an index; it has {config.json}',
    ],
    ['a missing shard', { 'model.safetensors.index.json': index({ w: 'gone' }) }, 'folder has no file part/gone'],
    [
      'a weight that no shard has',
      { 'model.safetensors.index.json': index({ v: 'shard' }), shard: file(1) },
      'says that "v" is in "shard", which does not have it',
    ],
    [
      'shards elsewhere',
      { 'model.safetensors.index.json': index({ w: '../other' }) },
      'needs the names of files in its folder; given "../other"',
    ],
    ['an index of nothing', { 'model.safetensors.index.json': json({}) }, 'needs a weight_map'],
    [
      'a broken index',
      { 'model.safetensors.index.json': utf8('{') },
      'needs to be a JSON file; given text that is not JSON',
    ],
  ])('refuses %s', async (_, files, message) => {
    await expect(open(files as Record<string, Uint8Array>)).rejects.toThrow(message)
    await expect(open(files as Record<string, Uint8Array>)).rejects.toBeInstanceOf(CheckpointError)
  })
})
