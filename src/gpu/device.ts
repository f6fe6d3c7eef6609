import { AdapterUnavailableError, WebGPUUnavailableError } from '../errors'

/** What the browser supports, for choosing where engine and network run. */
export interface Capabilities {
  /** `navigator.gpu` exists. */
  readonly webgpu: boolean
  /** `requestAdapter` returns an adapter. */
  readonly adapter: boolean
  /** The adapter computes on the CPU: fast enough for the engine, too slow for a network. */
  readonly isFallbackAdapter: boolean
  /** Vendor, architecture and description, as far as the browser exposes them. */
  readonly description: string
  /** Names of the adapter's optional features, sorted. */
  readonly features: readonly string[]
}

/** Limits to raise. The engine keeps within the defaults, but a network on the same device may not. */
const raisedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const

const nothing: Capabilities = {
  webgpu: false,
  adapter: false,
  isFallbackAdapter: false,
  description: 'none',
  features: [],
}

/** How long to wait for an answer, in ms: some browsers never give one while their GPU process is blocked. */
const PATIENCE = 15_000

/** Detects WebGPU without requesting a device. Never throws; a browser that does not answer within 15 s has no adapter. */
export async function capabilities(): Promise<Capabilities> {
  if (!gpuOfBrowser()) return nothing
  try {
    const adapter = await requestAdapter()
    return describe(adapter, () => adapter.info)
  } catch {
    return { ...nothing, webgpu: true }
  }
}

/** The capabilities of the adapter that made a device. */
export function capabilitiesOf(device: GPUDevice): Capabilities {
  return describe(device, () => device.adapterInfo)
}

function describe(source: GPUAdapter | GPUDevice, readInfo: () => GPUAdapterInfo): Capabilities {
  const names = (['vendor', 'architecture', 'description'] as const).map((name) => attempt(() => readInfo()[name]))
  // Browsers of 2024 have it on the adapter.
  const isFallback =
    attempt(() => readInfo().isFallbackAdapter) ?? attempt(() => Reflect.get(source, 'isFallbackAdapter'))
  return {
    webgpu: true,
    adapter: true,
    isFallbackAdapter: isFallback === true,
    description: names.filter((name) => typeof name === 'string' && name).join(' ') || 'unnamed adapter',
    features: attempt(() => [...source.features].sort()) ?? [],
  }
}

/**
 * The smallest subgroups on which onnxruntime-web (1.30) computes attention right: its kernel for 16 and more queries reads
 * keys that smaller subgroups have not loaded, and gives wrong logits without an error. Software adapters have subgroups of 4.
 */
export const MIN_SUBGROUP_SIZE = 8

/**
 * Requests a device with the adapter's limits on buffers and compute shaders, and its optional compute features; without
 * `subgroups` where these are smaller than 8, since attention of onnxruntime-web is then wrong.
 *
 * Rejects with WebGPUUnavailableError if there is no WebGPU, and with AdapterUnavailableError, which has WebGPU's own text,
 * if it gives no adapter or no device, gives one that is lost already, or does not answer within 15 s.
 */
export async function requestDevice(): Promise<GPUDevice> {
  const adapter = await requestAdapter()
  const subgroupSize = attempt(() => adapter.info.subgroupMinSize) ?? 0
  const wanted: GPUFeatureName[] = ['shader-f16', 'timestamp-query']
  if (subgroupSize >= MIN_SUBGROUP_SIZE) wanted.push('subgroups')
  const limits = raisedLimits.map((name) => [name, attempt(() => adapter.limits[name])] as const)
  const device = await answer('device', () =>
    adapter.requestDevice({
      label: 'vqd/device',
      requiredFeatures: wanted.filter((feature) => attempt(() => adapter.features.has(feature))),
      // Older browsers lack the newer limits.
      requiredLimits: Object.fromEntries(limits.filter(([, limit]) => limit !== undefined)),
    }),
  )
  const lost = await Promise.race([device.lost, undefined])
  if (lost) throw unavailable('device', new Error(`it was lost at once. ${lost.message}`))
  adapters.set(device, adapter)
  return device
}

/** Rejects as `requestDevice` does. */
async function requestAdapter(): Promise<GPUAdapter> {
  const gpu = gpuOfBrowser()
  if (!gpu)
    throw new WebGPUUnavailableError(
      'navigator.gpu is missing. Use a current browser in a secure context, or the CPU scheduler of vq-diffusion-webgpu/cpu.',
    )
  return answer('adapter', () => gpu.requestAdapter())
}

function gpuOfBrowser(): GPU | undefined {
  return attempt(() => globalThis.navigator?.gpu)
}

/** What WebGPU is asked for. Rejects with AdapterUnavailableError if it throws, rejects, gives nothing or does not answer. */
async function answer<T extends object>(what: 'adapter' | 'device', ask: () => Promise<T | null>): Promise<T> {
  const asked = Promise.resolve().then(ask)
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not answered for ${PATIENCE / 1000} s`)), PATIENCE)
  })
  try {
    const given = await Promise.race([asked, silence])
    if (given) return given
    throw new Error('the graphics driver may be missing, blocked or out of date')
  } catch (cause) {
    // A device that comes too late would stay allocated.
    asked.then(
      (late) => (late as Partial<GPUDevice> | null)?.destroy?.(),
      () => {},
    )
    throw unavailable(what, cause)
  } finally {
    clearTimeout(timer)
  }
}

function unavailable(what: 'adapter' | 'device', cause: unknown): AdapterUnavailableError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new AdapterUnavailableError(
    `WebGPU offers no ${what}: ${reason.replace(/\.?$/, '.')} The CPU scheduler of vq-diffusion-webgpu/cpu needs none.`,
    { cause },
  )
}

/** The value that `read` returns; undefined if it throws. What browsers lack, and what extensions change, is no error. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Keeps adapters for as long as their devices: Deno 2.9 crashes if `adapterInfo` is read after the adapter is collected. */
const adapters = new WeakMap<GPUDevice, GPUAdapter>()
