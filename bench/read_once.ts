import { GpuTensor } from 'vq-diffusion-webgpu'
import type { Clock } from './clock'
import { Kernel } from './kernel'
import readOnce from './shaders/read_once.wgsl?raw'
import { CheckError } from './tokens'

/** How the words are shared out. */
interface Shape {
  readonly contiguous: boolean
  readonly workgroups: number
}

const loadsPerInvocation = [4, 16, 64, 256]
/** One checksum's worth of words on the host at a time. */
const chunkWords = 2 ** 24

/** Reads buffers once, in the way that turned out fastest for the first of them. */
export class ReadOnce {
  readonly #digests: GPUBuffer[] = []
  readonly #bindings: GPUBindGroup[] = []

  private constructor(
    private readonly device: GPUDevice,
    private readonly buffers: readonly GPUBuffer[],
    private readonly kernel: Kernel,
    private readonly workgroups: number,
  ) {
    for (const buffer of buffers) {
      // One digest buffer each, so that the dispatches need not wait for one another.
      const digests = device.createBuffer({
        label: 'bench/read_once/digests',
        size: workgroups * 64 * 4,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
      })
      this.#digests.push(digests)
      this.#bindings.push(kernel.bind(buffer, digests))
    }
  }

  /** Tries how to read the first buffer, each way a few times. */
  static async create(device: GPUDevice, clock: Clock, buffers: readonly GPUBuffer[]): Promise<ReadOnce> {
    let best: { shape: Shape; microseconds: number } | undefined
    const kernels = new Map<boolean, Kernel>()
    for (const contiguous of [false, true])
      kernels.set(
        contiguous,
        await Kernel.compile(device, 'bench/read_once', readOnce, { CONTIGUOUS: Number(contiguous) }, [
          'read-only-storage',
          'storage',
        ]),
      )
    for (const shape of shapes(buffers[0]!.size)) {
      const candidate = new ReadOnce(device, buffers.slice(0, 1), kernels.get(shape.contiguous)!, shape.workgroups)
      let microseconds = Infinity
      for (let i = 0; i < 3; i++)
        microseconds = Math.min(microseconds, await clock.timeCommands((encoder) => candidate.record(encoder, 1)))
      candidate.destroy()
      if (microseconds < (best?.microseconds ?? Infinity)) best = { shape, microseconds }
    }
    const { contiguous, workgroups } = best!.shape
    return new ReadOnce(device, buffers, kernels.get(contiguous)!, workgroups)
  }

  /** Records reading all buffers, so many times. */
  record(encoder: GPUCommandEncoder, times: number): void {
    const pass = encoder.beginComputePass({ label: 'bench/read_once' })
    for (let i = 0; i < times; i++)
      for (const bindings of this.#bindings) this.kernel.dispatch(pass, bindings, this.workgroups)
    pass.end()
  }

  /** Rejects with CheckError unless every word of every buffer has been read. */
  async verify(): Promise<void> {
    for (const [i, buffer] of this.buffers.entries()) {
      const [got, want] = [await digest(this.device, this.#digests[i]!), await digest(this.device, buffer)]
      if (got !== want) throw new CheckError('reading the logits once missed some of them')
    }
  }

  destroy(): void {
    for (const buffer of this.#digests) buffer.destroy()
  }
}

function shapes(bytes: number): Shape[] {
  const workgroups = loadsPerInvocation.map((loads) => Math.min(65535, Math.max(1, Math.ceil(bytes / 16 / loads / 64))))
  return [false, true].flatMap((contiguous) =>
    [...new Set(workgroups)].map((count) => ({ contiguous, workgroups: count })),
  )
}

/** All words of a buffer XORed together. */
async function digest(device: GPUDevice, buffer: GPUBuffer): Promise<number> {
  const words = buffer.size / 4
  let result = 0
  for (let offset = 0; offset < words; offset += chunkWords) {
    const length = Math.min(chunkWords, words - offset)
    for (const word of await GpuTensor.borrow(device, buffer, [length], 'u32', offset).read()) result ^= word
  }
  return result
}
