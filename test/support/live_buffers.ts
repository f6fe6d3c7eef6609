/** Buffers that were created and not destroyed, by their labels. */
export interface BufferWatch {
  /** Labels and numbers of the buffers that were created, in order. */
  readonly made: readonly string[]
  /** Those that were not destroyed. */
  readonly alive: ReadonlySet<string>
}

/** Watches the buffers of a device during `work`. */
export async function watchBuffers(device: GPUDevice, work: (watch: BufferWatch) => Promise<void>): Promise<void> {
  const { createBuffer } = device
  const alive = new Set<string>()
  const made: string[] = []
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor)
    const name = `${descriptor.label} ${made.length}`
    const destroy = buffer.destroy.bind(buffer)
    buffer.destroy = () => {
      alive.delete(name)
      destroy()
    }
    made.push(name)
    alive.add(name)
    return buffer
  }
  try {
    await work({ made, alive })
  } finally {
    device.createBuffer = createBuffer
  }
}
