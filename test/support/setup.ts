/**
 * A WebGPU error outside every error scope has to fail the run too. The test runner counts what is reported to the window
 * as an unhandled error.
 */
const requestDevice = GPUAdapter.prototype.requestDevice
GPUAdapter.prototype.requestDevice = async function (...parameters) {
  const device = await requestDevice.apply(this, parameters)
  device.addEventListener('uncapturederror', ({ error }) => {
    reportError(new Error(`uncaptured WebGPU error on '${device.label}': ${error.message}`))
  })
  return device
}
