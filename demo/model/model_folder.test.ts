import { describe, expect, it } from 'vitest'
import { folderAt, folderOf } from './model_folder'

const page = 'https://example.org/studio/index.html?model=x'
const own = 'https://example.org/studio/models/emoji-16x16/'
const at = (address: string | null) => folderAt(address, page, own)

describe('the model of an address', () => {
  it.each([
    ['models/ithq', 'ithq', 'https://example.org/studio/models/ithq/'],
    ['models/ithq/', 'ithq', 'https://example.org/studio/models/ithq/'],
    ['models/ithq/model_index.json', 'ithq', 'https://example.org/studio/models/ithq/'],
    ['/my%20models/a%20b', 'a b', 'https://example.org/my%20models/a%20b/'],
    ['models/ithq?revision=2#top', 'ithq', 'https://example.org/studio/models/ithq/?revision=2'],
    ['https://example.org/', 'example.org', 'https://example.org/'],
  ])('%s is the folder %s', (address, name, files) => {
    expect(at(address)).toEqual({ name, files })
  })
  it.each([null, '', ' ', 'models/emoji-16x16', './models/emoji-16x16/', own])('%s is the page’s own', (address) => {
    expect(at(address)).toBeUndefined()
  })
  it.each([
    [
      'https://example.com/model',
      'has to lie on the server of this page, https://example.org; given https://example.com',
    ],
    ['//example.com/model', 'given https://example.com'],
    ['data:,model', 'given null'],
    ['http://', 'The address of a model is needed, such as models/my-model; given http://'],
  ])('%s is refused', (address, sentence) => {
    expect(() => at(address)).toThrow(sentence)
  })
})

describe('the model among opened files', () => {
  const files = (...paths: string[]) => paths.map((path) => [path, new File([path], path.split('/').at(-1)!)] as const)
  it('has the paths in its folder', async () => {
    const folder = folderOf(files('ithq/model_index.json', 'ithq/denoiser/model.onnx', 'ithq/README.md'))
    expect(folder.name).toBe('ithq')
    expect([...(folder.files as Map<string, File>).keys()]).toEqual([
      'model_index.json',
      'denoiser/model.onnx',
      'README.md',
    ])
  })
  it('may lie deeper, and is the one nearest to the top', () => {
    const { name, files: found } = folderOf(
      files('all/notes.txt', 'all/a/old/model_index.json', 'all/a/model_index.json', 'all/b.onnx'),
    )
    expect(name).toBe('a')
    expect([...(found as Map<string, File>).keys()]).toEqual(['old/model_index.json', 'model_index.json'])
  })
  it('may be opened without its folder', () => {
    expect(folderOf(files('model_index.json', 'denoiser/model.onnx')).name).toBe('the opened files')
  })
  it('is missed by name', () => {
    expect(() => folderOf(files('photos/a.png'))).toThrow('There is no model in photos: it has no model_index.json')
    expect(() => folderOf([])).toThrow('There is no model in the folder')
  })
})
