/** The buffers of a device that were created from now on and not destroyed. */
export function watchBuffers(device: GPUDevice): ReadonlySet<GPUBuffer> {
  const buffers = new Set<GPUBuffer>()
  const create = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    buffers.add(buffer)
    const destroy = buffer.destroy.bind(buffer)
    buffer.destroy = () => {
      buffers.delete(buffer)
      destroy()
    }
    return buffer
  }
  return buffers
}
