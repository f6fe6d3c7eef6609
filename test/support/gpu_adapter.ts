/**
 * The tests run on software adapters, for which the kernels spread over invocations otherwise than on a GPU. What ships
 * to GPUs has to be tested too: here the adapter does not say that it computes on the CPU.
 */
const { get } = Object.getOwnPropertyDescriptor(GPUDevice.prototype, 'adapterInfo')!
Object.defineProperty(GPUDevice.prototype, 'adapterInfo', {
  configurable: true,
  get(this: GPUDevice) {
    const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo =
      get!.call(this)
    return { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize, isFallbackAdapter: false }
  },
})
