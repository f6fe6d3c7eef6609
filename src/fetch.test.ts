import { afterEach, describe, expect, it, vi } from 'vitest'
import { VQDiffusionScheduler } from './cpu'
import { ConfigError, FetchError } from './errors'
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
    ['an HTML page', () => new Response('<!doctype html><title>App</title>'), /an HTML page/],
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
  ])('says what else a folder holds: %j', async (index, message) => {
    serve(() => Response.json(index))
    await expect(fetchModelIndex('/m')).rejects.toThrow(ConfigError)
    await expect(fetchModelIndex('/m')).rejects.toThrow(message)
  })
})

it('modelFile joins folders with and without slashes', () => {
  expect(modelFile('a/b/', '/scheduler/', 'f.json')).toBe('a/b/scheduler/f.json')
  expect(modelFile('a/b', '', 'f.json')).toBe('a/b/f.json')
})
