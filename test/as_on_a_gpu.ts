/**
 * The tests run on software adapters, for which the kernels spread over invocations otherwise than on a GPU. What ships
 * to GPUs has to be tested too: here the adapter does not say what it is.
 */
Object.defineProperty(GPUDevice.prototype, 'adapterInfo', { configurable: true, get: () => undefined })
