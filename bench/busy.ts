import { Kernel } from './kernel'
import busy from './shaders/busy.wgsl?raw'

const workgroups = 2048
/** A GPU that has nothing to do lowers its clocks within milliseconds, and raises them again as slowly. */
const targetMicroseconds = 10_000

/** Work that wakes a GPU up, to be recorded before what is timed: otherwise the time depends on what went before. */
export class Busy {
  #times = 1

  private constructor(
    private readonly kernel: Kernel,
    private readonly bindings: GPUBindGroup,
  ) {}

  /** @param time gives the microseconds of some commands */
  static async create(
    device: GPUDevice,
    time: (record: (encoder: GPUCommandEncoder) => void) => Promise<number>,
  ): Promise<Busy> {
    const kernel = await Kernel.compile(device, 'bench/busy', busy, {}, ['storage'])
    const buffer = device.createBuffer({
      label: 'bench/busy',
      size: workgroups * 64 * 4,
      usage: GPUBufferUsage.STORAGE,
    })
    const work = new Busy(kernel, kernel.bind(buffer))
    // Once to wake up, and once awake.
    for (let i = 0; i < 2; i++) {
      const microseconds = await time((encoder) => work.record(encoder))
      work.#times = Math.max(
        1,
        Math.min(4096, Math.ceil((work.#times * targetMicroseconds) / Math.max(1, microseconds))),
      )
    }
    return work
  }

  record(encoder: GPUCommandEncoder): void {
    const pass = encoder.beginComputePass({ label: 'bench/busy' })
    for (let i = 0; i < this.#times; i++) this.kernel.dispatch(pass, this.bindings, workgroups)
    pass.end()
  }
}
