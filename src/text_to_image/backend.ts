import { requireGpuDevice, requireOneOf, requireOptions } from '../checks'
import { capabilities, capabilitiesOf, requestDevice } from '../gpu/device'

/** What runs the scheduler: WGSL kernels, or the float64 CPU twin. */
export type EngineName = 'webgpu' | 'cpu'

/** What runs the networks: the WebGPU or the WebAssembly provider of onnxruntime-web. */
export type NetworkProvider = 'webgpu' | 'wasm'

/** Where scheduler and networks run. */
export interface Backend {
  /** What runs the scheduler. */
  readonly engine: EngineName
  /** What runs the networks. */
  readonly network: NetworkProvider
  /** Vendor, architecture and description of the GPU adapter; empty without one. */
  readonly adapter: string
  /** WebGPU features of the adapter. */
  readonly features: readonly string[]
  /** Why this is not a faster backend, as sentences; empty if there is nothing to explain. */
  readonly explanation: string
}

/** The user's choice; 'auto', the default of both, leaves it to `chooseBackend`. */
export interface BackendChoice {
  /** What should run the scheduler, 'auto' by default. */
  readonly engine?: EngineName | 'auto' | undefined
  /** What should run the networks, 'auto' by default. */
  readonly network?: NetworkProvider | 'auto' | undefined
}

/**
 * Chooses what runs scheduler and networks.
 *
 * 'auto' chooses WebGPU for both if there is a GPU adapter. On a software adapter it chooses WebAssembly for the networks
 * (a step takes 0.4 s instead of 55 s, measured with SwiftShader on two cores) and the CPU for the scheduler, which is faster
 * than the kernels are there; a device that is given, or that the networks are to run on, is used for the scheduler too.
 * Without an adapter the scheduler runs on the CPU and the networks on WebAssembly, whatever is asked for.
 *
 * @param device a device that exists already; its adapter is then the one that counts
 * @throws OptionError for an unknown name, or a device that is none
 */
export async function chooseBackend(choice: BackendChoice = {}, device?: GPUDevice): Promise<Backend> {
  requireBackendChoice(choice, device)
  const { engine: wantedEngine = 'auto', network: wantedNetwork = 'auto' } = choice
  const { webgpu, adapter, isFallbackAdapter, description, features } = device
    ? capabilitiesOf(device)
    : await capabilities()
  if (!adapter) return withoutWebGPU(webgpu ? noAdapter : noWebGPU)
  const usesDevice = !isFallbackAdapter || device !== undefined || wantedNetwork === 'webgpu'
  const engine = wantedEngine === 'auto' ? (usesDevice ? 'webgpu' : 'cpu') : wantedEngine
  const onRealGpu = engine === 'webgpu' && !isFallbackAdapter
  const network = wantedNetwork === 'auto' ? (onRealGpu ? 'webgpu' : 'wasm') : wantedNetwork
  const explanation = isFallbackAdapter && network === 'wasm' ? softwareAdapter[engine] : ''
  return { engine, network, adapter: description, features, explanation }
}

/**
 * `chooseBackend`, and a new device if the backend needs one. If WebGPU gives none, the backend is the CPU, and its
 * explanation has WebGPU's reason.
 *
 * @throws OptionError for an unknown name
 */
export async function requestBackend(choice: BackendChoice = {}): Promise<{
  /** Where engine and network run. */
  backend: Backend
  /** The new device; undefined if both run on the CPU. */
  device: GPUDevice | undefined
}> {
  const backend = await chooseBackend(choice)
  if (backend.engine === 'cpu' && backend.network === 'wasm') return { backend, device: undefined }
  try {
    return { backend, device: await requestDevice() }
  } catch (error) {
    const { message } = ((error as Error).cause ?? error) as Error
    return { backend: withoutWebGPU(`WebGPU gave no device (${message.replace(/\.$/, '')}).`), device: undefined }
  }
}

/** Throws OptionError for an unknown name, or a device that is none. */
export function requireBackendChoice(choice: BackendChoice, device?: GPUDevice): void {
  const { engine = 'auto', network = 'auto' } = requireOptions('chooseBackend', choice, { engine: true, network: true })
  requireOneOf('engine', engine, ['auto', 'webgpu', 'cpu'])
  requireOneOf('network', network, ['auto', 'webgpu', 'wasm'])
  if (device !== undefined) requireGpuDevice('device', device)
}

/** The CPU for everything, with a sentence on why. */
function withoutWebGPU(reason: string): Backend {
  const explanation = `${reason} Everything runs on the CPU instead, only slower.`
  return { engine: 'cpu', network: 'wasm', adapter: '', features: [], explanation }
}

const noWebGPU = 'There is no WebGPU here: it needs a current browser and an https address.'
const noAdapter = 'WebGPU found no graphics adapter.'
const softwareAdapter = {
  webgpu: 'WebGPU runs in software here, so the network is left to WebAssembly, which is faster.',
  cpu: 'WebGPU runs in software here, so everything runs on the CPU instead, which is faster.',
}
