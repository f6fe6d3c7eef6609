import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { EXTERNAL, encodeModel, FLOAT } from '../../test/models/onnx_graph.mjs'
import { LimitError } from '../errors'
import { openGraphs } from './graphs'
import type { LoadOptions, ModelFolder } from './model_folder'
import { WasmHeap } from './wasm_heap'

/** An ONNX graph with a tensor in each of these files, of so many bytes. */
function graphOf(files: Readonly<Record<string, number>>): Uint8Array<ArrayBuffer> {
  const initializer = Object.entries(files).map(([location, length]) => ({
    name: location,
    dims: [length / 4],
    dataType: FLOAT,
    dataLocation: EXTERNAL,
    externalData: Object.entries({ location, length }).map(([key, value]) => ({ key, value: String(value) })),
  }))
  return new Uint8Array(encodeModel({ name: 'graph', node: [], initializer }))
}

/** A folder of these files, which records what is loaded, and whether it is waited for. */
function folderOf(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>, sizes: Record<string, number> = {}) {
  const log: string[] = []
  const load = async ([path]: readonly string[], { onProgress, signal }: LoadOptions = {}) => {
    const content = files[path!]!
    log.push(`begin ${path}`)
    await onProgress?.({ loaded: 0, total: sizes[path!] ?? content.length })
    await new Promise((resolve) => setTimeout(resolve, 1))
    signal?.throwIfAborted()
    await onProgress?.({ loaded: content.length, total: sizes[path!] ?? content.length })
    log.push(`end ${path}`)
    return [content]
  }
  const folder = { bytesOf: (path: string) => sizes[path] ?? files[path]?.length, load } as unknown as ModelFolder
  return { folder, log }
}

const weights = (length: number) => new Uint8Array(length).fill(1)

describe('openGraphs', () => {
  it('loads the files of a graph one after another, opens it, and lets them go', async () => {
    const { folder, log } = folderOf({
      'a/model.onnx': graphOf({ 'one.bin': 40, 'two.bin': 80 }),
      'b/model.onnx': graphOf({ '../a/two.bin': 80, 'three.bin': 400 }),
      'a/one.bin': weights(40),
      'a/two.bin': weights(80),
      'b/three.bin': weights(400),
    })
    const progress: number[][] = []
    const names = await openGraphs(
      folder,
      ['a/model.onnx', 'b/model.onnx'],
      async ({ externalData }, index) => {
        log.push(`open ${index}`)
        return Object.entries(externalData).map(([name, { length }]) => `${name} ${length}`)
      },
      { onProgress: ({ loaded, total }) => progress.push([loaded, total]) },
    )
    expect(names).toEqual([
      ['one.bin 40', 'two.bin 80'],
      ['../a/two.bin 80', 'three.bin 400'],
    ])
    const at = (entry: string) => log.indexOf(entry)
    expect(at('begin a/two.bin')).toBeGreaterThan(-1)
    expect(log.filter((entry) => entry === 'begin a/two.bin')).toHaveLength(1)
    expect(at('begin b/three.bin')).toBeGreaterThan(at('end a/two.bin'))
    expect(at('open 0')).toBeLessThan(at('end b/three.bin'))
    // The total is that of all files as soon as the graphs have been read.
    const [loaded, total] = progress.at(-1)!
    expect(loaded).toBe(total)
    expect(progress.filter(([, size]) => size === total).length).toBeGreaterThan(3)
    expect(progress.every(([, size], i) => i === 0 || size! >= progress[i - 1]![1]!)).toBe(true)
  })

  it('says before the download that WebAssembly is too small for the weights, with their size', async () => {
    const { folder, log } = folderOf(
      { 'denoiser/model.onnx': graphOf({ 'w.00': 4, 'w.01': 4 }), 'decoder.onnx': graphOf({}) },
      { 'denoiser/w.00': 3e9, 'denoiser/w.01': 1.34e9 },
    )
    const heap = new WasmHeap('There is no WebGPU here.')
    const open = vi.fn()
    const onSize = heap.require.bind(heap)
    const opening = openGraphs(folder, ['denoiser/model.onnx', 'decoder.onnx'], open, { onSize })
    await expect(opening).rejects.toThrow(LimitError)
    await expect(opening).rejects.toThrow(
      /The networks \{denoiser\/model\.onnx, decoder\.onnx\} need 4\.34 GB of memory, and WebAssembly has 3\.76 GB for weights: they need WebGPU\. There is no WebGPU here\./,
    )
    expect(open).not.toHaveBeenCalled()
    expect(log.filter((entry) => entry.includes('w.0'))).toEqual([])
  })

  it('says so of weights inside of a graph when the server tells its size', async () => {
    const { folder, log } = folderOf({ 'model.onnx': graphOf({}) }, { 'model.onnx': 1.8e9 })
    const heap = new WasmHeap('')
    const opening = openGraphs(folder, ['model.onnx'], vi.fn(), { onSize: heap.require.bind(heap) })
    await expect(opening).rejects.toThrow(
      'need 3.96 GB of memory, and WebAssembly has 3.76 GB for weights: they need WebGPU.',
    )
    expect(log).toEqual(['begin model.onnx'])
  })

  it('stops the other files at the first failure, and when a graph cannot be opened', async () => {
    const { folder, log } = folderOf({
      'a.onnx': graphOf({}),
      'b.onnx': graphOf({ 'b.bin': 8, 'c.bin': 8 }),
      'b.bin': weights(8),
      'c.bin': weights(8),
    })
    const open = async () => Promise.reject(new Error('refused'))
    await expect(openGraphs(folder, ['a.onnx', 'b.onnx'], open)).rejects.toThrow('refused')
    expect(log).not.toContain('begin c.bin')
  })

  it('opens no graph after the signal or another graph has stopped it', async () => {
    const { folder } = folderOf({ 'a.onnx': graphOf({}), 'b.onnx': graphOf({}) })
    const controller = new AbortController()
    const open = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      controller.abort(new Error('enough'))
    })
    const paths = ['a.onnx', 'b.onnx']
    await expect(openGraphs(folder, paths, open, { signal: controller.signal })).rejects.toThrow('enough')
    expect(open).toHaveBeenCalledOnce()
    const refusing = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      throw new Error('refused')
    })
    await expect(openGraphs(folder, paths, refusing)).rejects.toThrow('refused')
    expect(refusing).toHaveBeenCalledOnce()
  })
})

describe('WasmHeap', () => {
  it('has room for what a heap of 4 GiB holds, all networks together', () => {
    const heap = new WasmHeap('')
    heap.require('denoiser', 1e6, 3.5e9)
    heap.require('denoiser', 1e6, 3.6e9)
    heap.require('decoder', 1e6, 0.1e9)
    expect(() => heap.require('text_encoder', 1e6, 0.1e9)).toThrow('need 3.81 GB')
  })
  it("fits the studio's model", () => {
    const { files } = JSON.parse(
      readFileSync(new URL('../../packages/vq-diffusion-emoji/emoji-16x16/manifest.json', import.meta.url), 'utf8'),
    ) as { files: Record<string, { bytes: number }> }
    const heap = new WasmHeap('')
    for (const [path, { bytes }] of Object.entries(files)) heap.require(path, bytes)
  })
})
