import { DeviceLostError } from 'vq-diffusion-webgpu'
import type { Engine } from './engine'

/** Runs work on the engine; if that is lost meanwhile, runs it again on a new one. */
export type Surviving = <Result>(work: (engine: Engine) => Promise<Result>) => Promise<Result>

/** After so many losses in one drawing the GPU will not do. */
const MOST_LOSSES = 3

/** How often a new device is asked for: while the browser's GPU process starts again there is none for a moment. */
const ATTEMPTS = 20
const PAUSE = 500

/** How long an error waits for the news that the device was lost, in ms: what is under way may fail first. */
const NEWS_TAKES = 1000

/** Keeps an engine at hand: makes another one when the device is lost. */
export class Engines {
  #engine: Promise<Engine> | undefined
  #lost: Engine | undefined

  /** @param create makes an engine on a new device */
  constructor(private readonly create: () => Promise<Engine>) {}

  /** The engine, made anew if its device was lost. Rejects with DeviceLostError if there is no other device. */
  current(): Promise<Engine> {
    this.#engine ??= this.#make().catch((error) => {
      this.#engine = undefined
      throw error
    })
    return this.#engine
  }

  /** Something that survives a few losses, all of its runs together. */
  surviving(signal?: AbortSignal): Surviving {
    let losses = 0
    return async (work) => {
      for (;;) {
        const engine = await this.current()
        try {
          return await work(engine)
        } catch (error) {
          signal?.throwIfAborted()
          if (!(await isLost(engine.device))) throw error
          if (++losses === MOST_LOSSES) throw new DeviceLostError('The GPU was lost repeatedly.', { cause: error })
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
        if (attempt === ATTEMPTS) throw new DeviceLostError('The GPU did not come back.', { cause })
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
    }
  }
}

/** Whether the device is lost, or turns out to be within a moment. */
export async function isLost(device: GPUDevice | undefined): Promise<boolean> {
  if (device === undefined) return false
  const noNews = new Promise<false>((resolve) => setTimeout(resolve, NEWS_TAKES, false))
  return Promise.race([device.lost.then(() => true), noNews])
}
