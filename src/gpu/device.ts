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

/** Detects WebGPU without requesting a device. Never throws. */
export async function capabilities(): Promise<Capabilities> {
  if (!globalThis.navigator?.gpu) return nothing
  const adapter = await navigator.gpu.requestAdapter().catch(() => null)
  if (!adapter) return { ...nothing, webgpu: true }
  return describe(adapter.info, adapter.features)
}

/** The capabilities of the adapter that made a device. */
export function capabilitiesOf(device: GPUDevice): Capabilities {
  return describe(device.adapterInfo, device.features)
}

function describe(info: GPUAdapterInfo | undefined, features: GPUSupportedFeatures): Capabilities {
  const names = [info?.vendor, info?.architecture, info?.description]
  return {
    webgpu: true,
    adapter: true,
    isFallbackAdapter: info?.isFallbackAdapter ?? false,
    description: names.filter(Boolean).join(' ') || 'unnamed adapter',
    features: [...features].sort(),
  }
}

/**
 * Requests a device with the adapter's limits on buffers and compute shaders, and its optional compute features.
 * Rejects with WebGPUUnavailableError or AdapterUnavailableError.
 */
export async function requestDevice(): Promise<GPUDevice> {
  if (!globalThis.navigator?.gpu)
    throw new WebGPUUnavailableError(
      'navigator.gpu is missing. Use a current browser in a secure context, or the CPU scheduler of vq-diffusion-webgpu/cpu.',
    )
  const adapter = await navigator.gpu.requestAdapter()
  if (!adapter)
    throw new AdapterUnavailableError(
      'WebGPU offers no adapter: the graphics driver may be missing, blocked or out of date. ' +
        'The CPU scheduler of vq-diffusion-webgpu/cpu needs none.',
    )
  const wanted: GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query']
  const device = await adapter.requestDevice({
    label: 'vqd/device',
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(raisedLimits.map((name) => [name, adapter.limits[name]])),
  })
  adapters.set(device, adapter)
  return device
}

/** Keeps adapters for as long as their devices: Deno 2.9 crashes if `adapterInfo` is read after the adapter is collected. */
const adapters = new WeakMap<GPUDevice, GPUAdapter>()

/** A device for an error message. */
export function deviceText({ label }: GPUDevice): string {
  return label ? `'${label}'` : 'one without a label'
}
