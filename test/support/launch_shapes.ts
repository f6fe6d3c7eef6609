import { requestDevice } from 'vq-diffusion-webgpu'

/** A device that reports a software adapter, so that its schedulers use the launch shapes for one. */
export async function softwareDevice(): Promise<GPUDevice> {
  const device = await requestDevice()
  Object.defineProperty(device, 'adapterInfo', { value: { isFallbackAdapter: true } })
  return device
}
