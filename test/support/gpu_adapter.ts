/**
 * The tests run on a software adapter, for which the kernels have another launch shape than for a GPU. This setup file
 * makes the adapter report that it is none, so that the shapes for GPUs are tested; kernels/launch_shapes.test.ts
 * compares the two.
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
