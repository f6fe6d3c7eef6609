/**
 * Counts the bytes of a device's buffers by wrapping `createBuffer` and `destroy`, because WebGPU has no such query. Counts
 * the buffers of onnxruntime too, which uses the same device.
 *
 * @returns the current number of bytes
 */
export function countGpuBytes(device: GPUDevice): () => number {
  let bytes = 0
  // Buffers that are never destroyed are freed when they are garbage collected.
  const collected = new FinalizationRegistry<{ size: number }>((allocation) => {
    bytes -= allocation.size
  })
  const createBuffer = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor)
    const allocation = { size: buffer.size }
    bytes += allocation.size
    collected.register(buffer, allocation)
    const destroy = buffer.destroy.bind(buffer)
    buffer.destroy = () => {
      bytes -= allocation.size
      allocation.size = 0
      destroy()
    }
    return buffer
  }
  return () => bytes
}
