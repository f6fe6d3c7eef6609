import { requestDevice } from 'vq-diffusion-webgpu'

/** A device of the compatibility feature level, which has the lowest limits that WebGPU allows. */
export async function compatibilityDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter({ featureLevel: 'compatibility' })
  return adapter!.requestDevice({ label: 'compatibility' })
}

/** A device that reports a software adapter, so that its schedulers use the launch shapes for one. */
export async function softwareDevice(): Promise<GPUDevice> {
  const device = await requestDevice()
  Object.defineProperty(device, 'adapterInfo', { value: { isFallbackAdapter: true } })
  return device
}
