import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'
import { type Peer, PeerUnableError, type PreparedPeer, type Problem } from '../peer'
import { refuseLarge, refuseSlow, timed } from './refuse'
import { byParts, bySoftmax, type MassesOf, TfjsStep } from './tfjs_step'

/** TensorFlow.js on its WebGPU backend, on our device. One problem at a time: it has one current backend. */
export const tfjs: Peer = {
  name: 'TensorFlow.js, WebGPU',
  runsOn: 'WebGPU',
  prepare: async (problem) => {
    if (problem.dtype === 'f16') throw new PeerUnableError('it has no half-precision tensors')
    refuseLarge(problem)
    return TfjsPeer.create(problem)
  },
}

const backendName = 'webgpu-of-the-benchmark'

class TfjsPeer implements PreparedPeer {
  #masses: MassesOf = bySoftmax
  #tokens: tf.Tensor | undefined

  private constructor(
    private readonly backend: WebGPUBackend,
    private readonly problemStep: TfjsStep,
  ) {}

  static async create(problem: Problem): Promise<TfjsPeer> {
    const backend = await openBackend(problem.device)
    const peer = new TfjsPeer(backend, new TfjsStep(problem))
    try {
      await peer.warmUp()
      return peer
    } catch (error) {
      peer.destroy()
      throw error
    }
  }

  step(): void {
    this.#tokens?.dispose()
    this.#tokens = this.problemStep.run(this.#masses)
    this.submit()
  }

  async finished(): Promise<void> {
    await this.backend.device.queue.onSubmittedWorkDone()
  }

  async tokens(): Promise<Uint32Array> {
    return new Uint32Array(await this.#tokens!.data())
  }

  destroy(): void {
    this.#tokens?.dispose()
    this.problemStep.dispose()
    // Its pool of buffers would stay.
    tf.removeBackend(backendName)
  }

  /** Compiles everything, and keeps the faster of two ways to the same. */
  private async warmUp(): Promise<void> {
    const times: number[] = []
    for (const masses of ways) {
      const once = async () => {
        this.problemStep.tryMasses(masses)
        this.submit()
        await this.finished()
      }
      await once()
      times.push(await timed(once))
    }
    this.#masses = ways[times.indexOf(Math.min(...times))]!
    refuseSlow(
      await timed(async () => {
        this.step()
        await this.finished()
      }),
    )
  }

  private submit(): void {
    // It has submitted by itself what came before; without an encoder it fails, and what an open pass holds it drops.
    this.backend.ensureCommandEncoderReady()
    this.backend.endComputePassEncoder()
    this.backend.submitQueue()
  }
}

const ways: readonly MassesOf[] = [bySoftmax, byParts]

async function openBackend(device: GPUDevice): Promise<WebGPUBackend> {
  const backend = new WebGPUBackend(device, device.adapterInfo)
  if (tf.findBackendFactory(backendName)) tf.removeBackend(backendName)
  tf.registerBackend(backendName, () => backend)
  if (tf.getKernelsForBackend(backendName).length === 0)
    for (const kernel of tf.getKernelsForBackend('webgpu')) tf.registerKernel({ ...kernel, backendName })
  await tf.setBackend(backendName)
  // Small tensors would be computed on the host, and be waited for.
  tf.env().set('WEBGPU_CPU_FORWARD', false)
  return backend
}
