import { DeviceLostError } from 'vq-diffusion-webgpu'
import type { Engine } from './engine'

/** Runs `work` on the current engine, and again on a new engine if the device is lost meanwhile. */
export type RunOnEngine = <Result>(work: (engine: Engine) => Promise<Result>) => Promise<Result>

/** A drawing fails after this many losses. */
const MAX_LOSSES = 3

/** Requests for a new device after a loss. While the browser restarts its GPU process there is no adapter. */
const MAX_ATTEMPTS = 20
const ATTEMPT_INTERVAL = 500

/** Milliseconds to wait for `device.lost` after an error: pending work may fail before the loss is reported. */
const LOSS_REPORT_DELAY = 1000

/** Holds one engine, and creates a new one after the device is lost. */
export class EngineProvider {
  #engine: Promise<Engine> | undefined
  #lost: Engine | undefined

  /** @param create creates an engine on a new device */
  constructor(private readonly create: () => Promise<Engine>) {}

  /** The engine, or a new one if its device was lost. Rejects with DeviceLostError if there is no other device. */
  current(): Promise<Engine> {
    this.#engine ??= this.#make().catch((error) => {
      this.#engine = undefined
      throw error
    })
    return this.#engine
  }

  /** A runner that allows fewer than `MAX_LOSSES` losses over all of its runs. */
  runner(signal?: AbortSignal): RunOnEngine {
    let losses = 0
    return async (work) => {
      for (;;) {
        const engine = await this.current()
        try {
          return await work(engine)
        } catch (error) {
          signal?.throwIfAborted()
          if (!(await isLost(engine.device))) throw error
          if (++losses === MAX_LOSSES) throw new DeviceLostError('The GPU was lost repeatedly.', { cause: error })
        }
      }
    }
  }

  async #make(): Promise<Engine> {
    const engine = await (this.#lost ? this.#replace(this.#lost) : this.create())
    engine.device?.lost.then(() => {
      this.#lost = engine
      this.#engine = undefined
    })
    return engine
  }

  async #replace(lost: Engine): Promise<Engine> {
    lost.destroy()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.create()
      } catch (cause) {
        if (attempt === MAX_ATTEMPTS) throw new DeviceLostError('The GPU did not come back.', { cause })
        await new Promise((resolve) => setTimeout(resolve, ATTEMPT_INTERVAL))
      }
    }
  }
}

/** Whether the device is lost, or its loss is reported within `LOSS_REPORT_DELAY`. */
export async function isLost(device: GPUDevice | undefined): Promise<boolean> {
  if (device === undefined) return false
  const timeout = new Promise<false>((resolve) => setTimeout(resolve, LOSS_REPORT_DELAY, false))
  return Promise.race([device.lost.then(() => true), timeout])
}
