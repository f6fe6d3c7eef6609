/**
 * Error scopes see what happens inside them; a stray WebGPU error anywhere else has to fail the run too. What is reported
 * to the window, the test runner counts as an unhandled error.
 */
const requestDevice = GPUAdapter.prototype.requestDevice
GPUAdapter.prototype.requestDevice = async function (...parameters) {
  const device = await requestDevice.apply(this, parameters)
  device.addEventListener('uncapturederror', ({ error }) => {
    reportError(new Error(`uncaptured WebGPU error on '${device.label}': ${error.message}`))
  })
  return device
}
