import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigError, DtypeError, FetchError } from '../errors'
import { FakeCache, fakeLocks } from '../store/fake_storage'
import { deleteStored, storedBytes } from '../store/stored_model'
import { type ModelSource, openModelFolder } from './model_folder'

const index = {
  _class_name: 'VQDiffusionPipeline',
  scheduler: ['diffusers', 'VQDiffusionScheduler'],
  manifest: 'manifest.json',
}
const weights = Uint8Array.of(1, 2, 3)
const facts = { bytes: 3, sha256: createHash('sha256').update(weights).digest('hex') }
const contents: Record<string, Uint8Array<ArrayBuffer> | object> = {
  'model_index.json': index,
  'manifest.json': { files: { 'denoiser/model.onnx': facts } },
  'denoiser/model.onnx': weights,
  'vqvae/decoder.onnx': Uint8Array.of(4, 5),
}
const blobOf = (content: Uint8Array<ArrayBuffer> | object) =>
  new Blob([content instanceof Uint8Array ? content : JSON.stringify(content)])

let requests: string[]
let disk: FakeCache

beforeEach(() => {
  requests = []
  disk = new FakeCache()
  vi.stubGlobal('caches', { open: async () => disk.cache })
  vi.stubGlobal('navigator', { locks: fakeLocks() })
  vi.stubGlobal('location', { href: 'https://page.example/app/' })
  vi.stubGlobal('fetch', async (url: string) => {
    requests.push(String(url))
    const path = String(url).replace(/^.*models\/tiny\//, '')
    return path in contents ? new Response(blobOf(contents[path]!)) : new Response('', { status: 404 })
  })
})
afterEach(() => vi.unstubAllGlobals())

const paths = ['denoiser/model.onnx', 'vqvae/decoder.onnx']
const open = (source: ModelSource, cache = true) => openModelFolder(source, { cache })

/** A file that knows its path, as an `<input webkitdirectory>` gives it. */
const chosen = (path: string, content: Uint8Array<ArrayBuffer> | object) =>
  Object.assign(blobOf(content), { name: path.split('/').at(-1), webkitRelativePath: `tiny/${path}` }) as File

/** A directory handle, as `showDirectoryPicker` gives it. */
function directory(files: Record<string, Uint8Array<ArrayBuffer> | object>): FileSystemDirectoryHandle {
  const names = new Set(Object.keys(files).map((path) => path.split('/')[0]!))
  return {
    kind: 'directory',
    async *entries() {
      for (const name of names) {
        const content = files[name]
        const inside = Object.entries(files).filter(([path]) => path.startsWith(`${name}/`))
        if (content) yield [name, { kind: 'file', getFile: async () => blobOf(content) }]
        else
          yield [name, directory(Object.fromEntries(inside.map(([path, file]) => [path.slice(name.length + 1), file])))]
      }
    },
  } as unknown as FileSystemDirectoryHandle
}

const unreadable = Object.assign(new Blob(), {
  arrayBuffer: () => Promise.reject(new DOMException('it is gone', 'NotFoundError')),
})

const withoutManifest = { ...contents, 'model_index.json': { ...index, manifest: undefined } }
const sources: Record<string, () => ModelSource> = {
  'an address': () => 'models/tiny',
  'a URL': () => new URL('https://models.example/models/tiny/'),
  'addresses by path': () => Object.fromEntries(Object.keys(contents).map((path) => [path, `/models/tiny/${path}`])),
  'Blobs by path': () => Object.fromEntries(Object.entries(contents).map(([path, file]) => [path, blobOf(file)])),
  'a Map of Blobs in a folder': () =>
    new Map(Object.entries(contents).map(([path, file]) => [`a/b/${path}`, blobOf(file)])),
  'chosen files': () => Object.entries(contents).map(([path, file]) => chosen(path, file)),
  'a directory handle': () => directory(withoutManifest),
}

describe('a model folder is opened from', () => {
  it.each(Object.entries(sources))('%s', async (_, source) => {
    const folder = await open(source())
    expect(folder.index._class_name).toBe('VQDiffusionPipeline')
    const progress: number[][] = []
    const loaded = await folder.load(paths, { onProgress: ({ loaded, total }) => progress.push([loaded, total]) })
    expect(loaded.map((bytes) => [...bytes])).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect(progress.at(-1)).toEqual([5, 5])
    expect(await folder.json('manifest.json')).toEqual(contents['manifest.json'])
  })
})

describe('a folder on a server', () => {
  it('stores the files of its manifest, and only those', async () => {
    await (await open('models/tiny')).load(paths)
    expect(disk.bytes).toBe(3)
    requests.length = 0
    await (await open('models/tiny')).load(paths)
    expect(requests.map((url) => url.replace(/^.*tiny\//, ''))).toEqual([
      'model_index.json',
      'manifest.json',
      'vqvae/decoder.onnx',
    ])
  })

  it('stores nothing without cache, but verifies', async () => {
    await (await open('models/tiny', false)).load(paths)
    expect(disk.bytes).toBe(0)
    const spoilt = Uint8Array.of(1, 2, 4)
    vi.stubGlobal(
      'fetch',
      async (url: string) =>
        new Response(blobOf(url.includes('denoiser') ? spoilt : contents[url.replace(/^.*tiny\//, '')]!)),
    )
    await expect((await open('models/tiny', false)).load(paths)).rejects.toThrow('checksum differs')
  })

  it('needs no manifest', async () => {
    contents['model_index.json'] = { ...index, manifest: undefined }
    await (await open('models/tiny')).load(paths)
    contents['model_index.json'] = index
    expect(disk.bytes).toBe(0)
    expect(requests.some((url) => url.includes('manifest'))).toBe(false)
  })
})

describe('a folder whose address has a query', () => {
  /** The same paths in two revisions, of which only the weights differ. */
  const weightsOf = { one: weights, two: Uint8Array.of(9, 9, 9) }
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  beforeEach(() => {
    vi.stubGlobal('fetch', async (url: string) => {
      requests.push(url)
      const { pathname, searchParams } = new URL(url)
      const bytes = weightsOf[searchParams.get('rev') as keyof typeof weightsOf]
      if (pathname.endsWith('manifest.json'))
        return Response.json({ files: { 'denoiser/model.onnx': { bytes: 3, sha256: sha256(bytes) } } })
      return pathname.endsWith('.json') ? Response.json(index) : new Response(bytes)
    })
  })

  it('asks for every file with it', async () => {
    await (await open('https://h.example/m?rev=one')).load(['denoiser/model.onnx', 'vqvae/decoder.onnx'])
    const files = ['model_index.json', 'manifest.json', 'denoiser/model.onnx', 'vqvae/decoder.onnx']
    expect(requests.sort()).toEqual(files.map((path) => `https://h.example/m/${path}?rev=one`).sort())
  })

  it('stores each revision, and deletes none of another', async () => {
    const load = async (rev: string) => (await (await open(`https://h.example/m?rev=${rev}`)).load([paths[0]!]))[0]
    expect([await load('one'), await load('two'), await load('one')]).toEqual([
      weightsOf.one,
      weightsOf.two,
      weightsOf.one,
    ])
    expect(requests.filter((url) => url.includes('.onnx'))).toHaveLength(2)
    expect(disk.bytes).toBe(6)
    expect(await storedBytes()).toBe(6)
    await deleteStored()
    expect(disk.bytes).toBe(0)
  })
})

describe('a manifest', () => {
  it.each([
    ['null', null, 'given null'],
    ['of another form', { files: [facts] }, 'given [{…}]'],
    ['of an error', { error: 'Not found' }, 'given { error }'],
    ['without a checksum', { files: { a: { bytes: 3 } } }, 'given { a }'],
    ['with a size that is a string', { files: { a: { ...facts, bytes: '3' } } }, 'given { a }'],
  ])('%s is refused', async (_, manifest, message) => {
    vi.stubGlobal('fetch', async (url: string) => Response.json(url.endsWith('manifest.json') ? manifest : index))
    await expect(open('models/tiny')).rejects.toThrow(ConfigError)
    await expect(open('models/tiny')).rejects.toThrow(message)
  })
  it('that is no path is refused', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ ...index, manifest: 7 }))
    await expect(open('models/tiny')).rejects.toThrow('manifest in model_index.json needs to be a path; given 7')
  })
})

it('a callback that rejects stops the loading of a folder', async () => {
  for (const source of [sources['an address']!, sources['Blobs by path']!]) {
    const onProgress = async ({ loaded }: { loaded: number }) => {
      if (loaded > 0) throw new Error('no')
    }
    await expect((await open(source())).load(paths, { onProgress })).rejects.toThrow('no')
  }
})

describe('rejects', () => {
  const missing = /model_index\.json is missing: the folder has \{denoiser\/model\.onnx\}/
  it.each([
    ['files without an index', { 'denoiser/model.onnx': blobOf(weights) }, FetchError, missing],
    ['a folder that is not there', 'models/none', FetchError, /answered 404/],
    ['another pipeline', { 'model_index.json': blobOf({ _class_name: 'Flux' }) }, ConfigError, /"Flux"/],
    ['no JSON', { 'model_index.json': blobOf(weights) }, FetchError, /needs to be a JSON file/],
    ['a web page', { 'model_index.json': new Blob(['<!doctype html>']) }, FetchError, /given a web page/],
    ['an empty file', { 'model_index.json': new Blob() }, FetchError, /given an empty file/],
    ['a file that is gone', { 'model_index.json': unreadable }, FetchError, /could not be read: it is gone/],
    ['bytes', weights, DtypeError, /given a Uint8Array/],
    ['a path that is none', new Map([[7, blobOf(index)]]), DtypeError, /The file 7 of a model/],
    ['a number', 7, DtypeError, /given 7/],
    ['nothing', undefined, DtypeError, /given undefined/],
  ])('%s', async (_, source, error, message) => {
    const opening = open(source as ModelSource)
    await expect(opening).rejects.toThrow(error)
    await expect(opening).rejects.toThrow(message)
  })

  it('a missing file, with those that are there', async () => {
    const folder = await open(sources['Blobs by path']!())
    await expect(folder.load(['vae.onnx'])).rejects.toThrow('vae.onnx is missing: the folder has {model_index.json,')
  })
})
