import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AdapterUnavailableError, WebGPUUnavailableError } from '../errors'
import { capabilities, requestDevice } from './device'

/** What browsers and extensions have been seen to offer as `navigator.gpu`. */
function offer(gpu: unknown): void {
  vi.stubGlobal('navigator', { gpu })
}

/** An adapter; its device is never lost. */
function fakeAdapter(changes: object = {}) {
  const device = { lost: new Promise(() => {}), destroy: vi.fn() }
  const requestDevice = vi.fn(async (_: GPUDeviceDescriptor): Promise<unknown> => device)
  const info = {
    vendor: 'acme',
    architecture: '',
    description: 'fast one',
    isFallbackAdapter: false,
    subgroupMinSize: 32,
  }
  const features = new Set(['subgroups', 'depth32float-stencil8'])
  const limits = { maxBufferSize: 2 ** 31, maxComputeWorkgroupSizeX: 1024 }
  return { device, adapter: Object.defineProperties({ info, features, limits, requestDevice }, changesOf(changes)) }
}

/** Keeps getters getters. */
function changesOf(changes: object) {
  return Object.getOwnPropertyDescriptors(changes)
}

const gpuOf = (adapter: unknown) => ({ requestAdapter: async () => adapter })
const never = () => new Promise<never>(() => {})
const throwing = (message: string) => () => {
  throw new Error(message)
}
const rejecting = (name: string, message: string) => async () => {
  throw new DOMException(message, name)
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** The outcome once all timers have run. */
async function settled<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  await vi.runAllTimersAsync()
  return work
}

describe('capabilities', () => {
  const none = { webgpu: false, adapter: false, isFallbackAdapter: false, description: 'none', features: [] }
  const noAdapter = { ...none, webgpu: true }
  const full = {
    webgpu: true,
    adapter: true,
    isFallbackAdapter: false,
    description: 'acme fast one',
    features: ['depth32float-stencil8', 'subgroups'],
  }
  const unnamed = { ...full, description: 'unnamed adapter' }
  const adapterWith = (changes: object) => gpuOf(fakeAdapter(changes).adapter)

  it.each<[string, unknown, object]>([
    ['a complete adapter', adapterWith({}), full],
    ['no navigator.gpu', undefined, none],
    ['navigator.gpu null', null, none],
    ['no requestAdapter', {}, noAdapter],
    ['an adapter of null', gpuOf(null), noAdapter],
    ['an adapter of undefined', gpuOf(undefined), noAdapter],
    ['an adapter at once, without a promise', { requestAdapter: () => fakeAdapter().adapter }, full],
    ['requestAdapter that throws', { requestAdapter: throwing('blocked') }, noAdapter],
    ['requestAdapter that rejects', { requestAdapter: rejecting('OperationError', 'blocked') }, noAdapter],
    ['requestAdapter that never answers', { requestAdapter: never }, noAdapter],
    ['no info', adapterWith({ info: undefined }), unnamed],
    [
      'info whose getter throws',
      adapterWith({
        get info() {
          return throwing('private')()
        },
      }),
      unnamed,
    ],
    [
      'info with getters that throw',
      adapterWith({
        info: {
          get vendor() {
            return throwing('private')()
          },
        },
      }),
      unnamed,
    ],
    ['info with numbers in it', adapterWith({ info: { vendor: 7, description: null } }), unnamed],
    ['no features', adapterWith({ features: undefined }), { ...full, features: [] }],
    ['features that are no list', adapterWith({ features: {} }), { ...full, features: [] }],
    [
      'features whose getter throws',
      adapterWith({
        get features() {
          return throwing('private')()
        },
      }),
      { ...full, features: [] },
    ],
    [
      'a fallback adapter',
      adapterWith({ info: { vendor: 'acme', isFallbackAdapter: true } }),
      { ...full, description: 'acme', isFallbackAdapter: true },
    ],
    [
      'a fallback adapter that says so itself',
      adapterWith({ info: undefined, isFallbackAdapter: true }),
      { ...unnamed, isFallbackAdapter: true },
    ],
    [
      'a word for isFallbackAdapter',
      adapterWith({ info: { vendor: 'acme', isFallbackAdapter: 'no' } }),
      { ...full, description: 'acme' },
    ],
  ])('of %s', async (_, gpu, expected) => {
    offer(gpu)
    expect(await settled(capabilities())).toEqual(expected)
  })

  it('of a navigator whose getter throws, and of none', async () => {
    vi.stubGlobal('navigator', Object.defineProperty({}, 'gpu', { get: throwing('private') }))
    expect(await settled(capabilities())).toEqual(none)
    vi.stubGlobal('navigator', undefined)
    expect(await settled(capabilities())).toEqual(none)
  })
})

describe('requestDevice', () => {
  it('asks for the features and limits that the adapter has, and returns its device', async () => {
    const { adapter, device } = fakeAdapter()
    offer(gpuOf(adapter))
    expect(await settled(requestDevice())).toBe(device)
    expect(adapter.requestDevice).toHaveBeenCalledWith({
      label: 'vqd/device',
      requiredFeatures: ['subgroups'],
      requiredLimits: { maxBufferSize: 2 ** 31, maxComputeWorkgroupSizeX: 1024 },
    })
  })

  it.each([
    [4, []],
    [7, []],
    [8, ['subgroups']],
    [undefined, []],
  ])(
    'asks for subgroups only where onnxruntime-web computes right with them: of %s',
    async (subgroupMinSize, features) => {
      const { adapter } = fakeAdapter({ info: { subgroupMinSize } })
      offer(gpuOf(adapter))
      await settled(requestDevice())
      expect(adapter.requestDevice.mock.lastCall![0].requiredFeatures).toEqual(features)
    },
  )

  it('takes an adapter without features and limits', async () => {
    const { adapter, device } = fakeAdapter({ features: undefined, limits: undefined })
    offer(gpuOf(adapter))
    expect(await settled(requestDevice())).toBe(device)
  })

  const adapterWith = (requestDevice: unknown) => gpuOf(fakeAdapter({ requestDevice }).adapter)
  const consumed = 'The adapter was already consumed'

  it.each<[string, unknown, typeof AdapterUnavailableError | typeof WebGPUUnavailableError, RegExp]>([
    ['no navigator.gpu', undefined, WebGPUUnavailableError, /navigator\.gpu is missing/],
    ['no requestAdapter', {}, AdapterUnavailableError, /no adapter: .*not a function/],
    ['no adapter', gpuOf(null), AdapterUnavailableError, /no adapter: the graphics driver/],
    [
      'requestAdapter that throws',
      { requestAdapter: throwing('blocked.') },
      AdapterUnavailableError,
      /no adapter: blocked\. The CPU/,
    ],
    [
      'requestAdapter that rejects',
      { requestAdapter: rejecting('OperationError', 'off') },
      AdapterUnavailableError,
      /no adapter: off\. The CPU/,
    ],
    ['requestAdapter that never answers', { requestAdapter: never }, AdapterUnavailableError, /no adapter: .*15 s/],
    [
      'a refused device',
      adapterWith(rejecting('OperationError', 'too many')),
      AdapterUnavailableError,
      /no device: too many\. The CPU/,
    ],
    [
      'a consumed adapter',
      adapterWith(rejecting('InvalidStateError', consumed)),
      AdapterUnavailableError,
      /already consumed/,
    ],
    [
      'a device refused by a TypeError',
      adapterWith(throwing('no such limit')),
      AdapterUnavailableError,
      /no such limit/,
    ],
    [
      'a device refused by a string',
      adapterWith(() => Promise.reject('no')),
      AdapterUnavailableError,
      /no device: no\./,
    ],
    ['no device', adapterWith(async () => null), AdapterUnavailableError, /no device/],
    ['a device that never comes', adapterWith(never), AdapterUnavailableError, /no device: .*15 s/],
    [
      'a device that is lost already',
      adapterWith(async () => ({ lost: Promise.resolve({ message: 'gone' }) })),
      AdapterUnavailableError,
      /lost at once. gone/,
    ],
  ])('rejects %s by name, with the text of WebGPU', async (_, gpu, error, message) => {
    offer(gpu)
    const rejected = await settled(requestDevice()).catch((reason) => reason)
    expect(rejected).toBeInstanceOf(error)
    expect(rejected.message).toMatch(message)
  })

  it('destroys a device that comes too late', async () => {
    const { adapter, device } = fakeAdapter()
    adapter.requestDevice.mockImplementation(() => new Promise((resolve) => setTimeout(resolve, 60_000, device)))
    offer(gpuOf(adapter))
    await expect(settled(requestDevice())).rejects.toThrow(AdapterUnavailableError)
    expect(device.destroy).toHaveBeenCalledTimes(1)
  })
})
