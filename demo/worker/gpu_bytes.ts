/**
 * Counts what a device's buffers take, those of onnxruntime included, since all are made through the same object. WebGPU
 * itself does not tell.
 *
 * @returns the bytes at the moment of asking
 */
export function countBytes(device: GPUDevice): () => number {
  let bytes = 0
  // Buffers that nobody destroys are freed when they are collected.
  const forgotten = new FinalizationRegistry<{ size: number }>((held) => {
    bytes -= held.size
  })
  const createBuffer = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor)
    const held = { size: buffer.size }
    bytes += held.size
    forgotten.register(buffer, held)
    const destroy = buffer.destroy.bind(buffer)
    buffer.destroy = () => {
      bytes -= held.size
      held.size = 0
      destroy()
    }
    return buffer
  }
  return () => bytes
}
