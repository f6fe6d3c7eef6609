import { afterEach, describe, expect, it, vi } from 'vitest'
import { VQDiffusionScheduler } from './cpu'
import { ConfigError, FetchError, OptionError } from './errors'
import { modelFile } from './fetch'
import { fetchModelIndex } from './onnx/model_index'

/** Answers every request with this response, and records the addresses. */
function serve(answer: () => Response): string[] {
  const addresses: string[] = []
  vi.stubGlobal('fetch', async (url: string, options: RequestInit = {}) => {
    addresses.push(String(url))
    options.signal?.throwIfAborted()
    return answer()
  })
  return addresses
}
afterEach(() => vi.unstubAllGlobals())

function cutOff(): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
}

describe('fromPretrained', () => {
  it('reads scheduler/scheduler_config.json of the folder', async () => {
    const addresses = serve(() => Response.json({ num_vec_classes: 4097, gamma_cum_end: 0.9, _class_name: 'x' }))
    const scheduler = await VQDiffusionScheduler.fromPretrained('https://example.org/model/')
    expect(addresses).toEqual(['https://example.org/model/scheduler/scheduler_config.json'])
    expect(scheduler.config.gamma_cum_end).toBe(0.9)
    expect(scheduler.numCodes).toBe(4096)
  })

  it('lets overrides win, and keeps what it does not know', async () => {
    serve(() => Response.json({ num_vec_classes: 4097, gamma_cum_end: 0.9, rescale: 'zero' }))
    const scheduler = await VQDiffusionScheduler.fromPretrained('/m', { subfolder: '', num_train_timesteps: 50 })
    expect(scheduler.config).toMatchObject({ num_train_timesteps: 50, gamma_cum_end: 0.9, rescale: 'zero' })
    expect(JSON.parse(JSON.stringify(scheduler))).toMatchObject({ num_train_timesteps: 50, rescale: 'zero' })
  })

  it.each([
    ['a 404', () => new Response('', { status: 404 }), /answered 404/],
    ['an HTML page', () => new Response('<!doctype html><title>App</title>'), /given a web page/],
    ['a Git LFS pointer', () => new Response('version https://git-lfs.github.com/spec/v1'), /given a Git LFS pointer/],
    ['nothing', () => new Response(''), /given an empty file/],
    ['truncated JSON', () => new Response('{"num_vec_classes": 40'), /not JSON/],
    ['no connection', () => Response.error(), /could not be fetched/],
    ['a body that is cut off', () => new Response(cutOff()), /could not be fetched: terminated/],
  ])('names the file when the server answers with %s', async (_, answer, message) => {
    serve(answer)
    const failure = await VQDiffusionScheduler.fromPretrained('/models/m').catch((error) => error)
    expect(failure).toBeInstanceOf(FetchError)
    expect(failure.message).toMatch(message)
    expect(failure.url).toBe('/models/m/scheduler/scheduler_config.json')
  })

  it('refuses a file that is JSON but no configuration', async () => {
    serve(() => Response.json({ hello: 'world' }))
    await expect(VQDiffusionScheduler.fromPretrained('/m')).rejects.toThrow(ConfigError)
  })

  it('rejects with the reason of an aborted signal', async () => {
    serve(() => Response.json({}))
    const signal = AbortSignal.abort(new Error('changed my mind'))
    await expect(VQDiffusionScheduler.fromPretrained('/m', { signal })).rejects.toThrow('changed my mind')
  })
})

describe('fetchModelIndex', () => {
  it('recognises a pipeline folder', async () => {
    const index = {
      _class_name: 'VQDiffusionPipeline',
      scheduler: ['diffusers', 'VQDiffusionScheduler'],
      latent_width: 16,
    }
    const addresses = serve(() => Response.json(index))
    expect(await fetchModelIndex('/models/m')).toEqual(index)
    expect(addresses).toEqual(['/models/m/model_index.json'])
  })

  it.each([
    [
      { _class_name: 'StableDiffusionPipeline', scheduler: ['diffusers', 'DDIMScheduler'] },
      /given "StableDiffusionPipeline"/,
    ],
    [{ _class_name: 'VQDiffusionPipeline', scheduler: ['diffusers', 'DDIMScheduler'] }, /with "DDIMScheduler"/],
    [null, /given undefined/],
    [[1, 2], /given undefined/],
    [{ error: 'Repository not found' }, /given undefined .* in \{ error \}/],
  ])('says what else a folder holds: %j', async (index, message) => {
    serve(() => Response.json(index))
    await expect(fetchModelIndex('/m')).rejects.toThrow(ConfigError)
    await expect(fetchModelIndex('/m')).rejects.toThrow(message)
  })
})

describe('modelFile', () => {
  it('joins folders with and without slashes, also where there is no page', () => {
    expect(modelFile('a/b/', '/scheduler/', 'f.json')).toBe('a/b/scheduler/f.json')
    expect(modelFile('a/b', '', 'f.json')).toBe('a/b/f.json')
    expect(modelFile('/', 'scheduler', 'f.json')).toBe('/scheduler/f.json')
  })

  it.each([
    ['/', 'https://page.example/scheduler/f.json'],
    ['', 'https://page.example/app/scheduler/f.json'],
    ['.', 'https://page.example/app/scheduler/f.json'],
    ['../m', 'https://page.example/m/scheduler/f.json'],
    ['//cdn.example/m', 'https://cdn.example/m/scheduler/f.json'],
    ['https://h.example', 'https://h.example/scheduler/f.json'],
    ['m?rev=main', 'https://page.example/app/m/scheduler/f.json?rev=main'],
    ['m/?rev=main', 'https://page.example/app/m/scheduler/f.json?rev=main'],
    ['?rev=main', 'https://page.example/app/scheduler/f.json?rev=main'],
    ['m#x', 'https://page.example/app/m/scheduler/f.json'],
    ['m?rev=a/b#x?y', 'https://page.example/app/m/scheduler/f.json?rev=a/b'],
    ['my model/50% off/', 'https://page.example/app/my%20model/50%25%20off/scheduler/f.json'],
    ['my%20model', 'https://page.example/app/my%20model/scheduler/f.json'],
    [' m ', 'https://page.example/app/m/scheduler/f.json'],
    [new URL('https://h.example/m?rev=main#x'), 'https://h.example/m/scheduler/f.json?rev=main'],
    ['file:///models/m', 'file:///models/m/scheduler/f.json'],
  ])('%s on a page: %s', (folder, expected) => {
    vi.stubGlobal('location', { href: 'https://page.example/app/index.html?a=b#c' })
    expect(modelFile(folder, 'scheduler', 'f.json')).toBe(expected)
  })

  it('takes names of files as names, not as addresses', () => {
    expect(modelFile('https://h.example/m?a', 'sub folder', 'c# 50%/d?.onnx')).toBe(
      'https://h.example/m/sub%20folder/c%23%2050%25/d%3F.onnx?a',
    )
    expect(modelFile('https://h.example/m/n', '../s', 'f')).toBe('https://h.example/m/s/f')
  })

  it.each(['data:application/json,{}', 'blob:https://h.example/1234', 'localhost:8080/m'])('refuses %s', (folder) => {
    expect(() => modelFile(folder, '', 'f')).toThrow(OptionError)
    expect(() => modelFile(folder, '', 'f')).toThrow('needs to be an address with files below it')
  })
})
