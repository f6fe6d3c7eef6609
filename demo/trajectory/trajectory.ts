import { percent } from '../format'
import { type Frame, MASK_CLASS, NUM_LATENT_PIXELS, type Tokens } from '../worker/protocol'

/** What a step did to a cell. */
export const UNCHANGED = 0
/** It was masked and has a token now. */
export const DECIDED = 1
/** It had a token and has another one now. */
export const REPLACED = 2

/** One picture of a drawing after one step; arrays are [256], row-major. */
export interface Moment {
  /** 0 is the start, before any step. */
  readonly step: number
  /** The timestep that the tokens are at, −1 when clean. */
  readonly timestep: number
  readonly tokens: Tokens
  /** What the network expected the clean picture to be; at the start there is none, nor where it was not recorded. */
  readonly predOriginalSample: Tokens | undefined
  /** Nats, of the network's prediction; recorded likewise. */
  readonly entropy: Float32Array | undefined
  /** UNCHANGED, DECIDED or REPLACED since the moment before. */
  readonly changes: Uint8Array
  /** Share of the cells that is masked, 0 … 1. */
  readonly maskedShare: number
  /** Cells that are not UNCHANGED. */
  readonly numChanged: number
}

/** How one picture of a drawing came to be, moment by moment. */
export class Trajectory {
  readonly #moments: Moment[] = []

  /**
   * @param picture which picture of the frames
   * @param numSteps how many steps it will have when it is complete
   */
  constructor(
    readonly picture: number,
    readonly numSteps: number,
  ) {}

  /** The trajectory of picture `picture` through a drawing's frames; those of a stopped drawing say nothing of `numSteps`. */
  static from(frames: readonly Frame[], picture: number, numSteps = frames.at(-1)?.step ?? 0): Trajectory {
    const trajectory = new Trajectory(picture, numSteps)
    for (const frame of frames) trajectory.add(frame)
    return trajectory
  }

  get moments(): readonly Moment[] {
    return this.#moments
  }

  /** The highest entropy that any cell ever had, in nats: the end of the scale of all its maps. */
  get highestEntropy(): number {
    return Math.max(0, ...this.#moments.map(({ entropy }) => (entropy ? Math.max(...entropy) : 0)))
  }

  /** Frames come in order; one that comes again, as after a recovery, replaces its moment and all that followed. */
  add(frame: Frame): void {
    while ((this.#moments.at(-1)?.step ?? -1) >= frame.step) this.#moments.pop()
    const part = [this.picture * NUM_LATENT_PIXELS, (this.picture + 1) * NUM_LATENT_PIXELS] as const
    // Copies, for a view would take all pictures with it whenever it is sent to the worker.
    const tokens = frame.tokens.slice(...part)
    const before = this.#moments.at(-1)?.tokens ?? tokens
    const changes = Uint8Array.from(tokens, (token, cell) => changeOf(before[cell]!, token))
    this.#moments.push({
      step: frame.step,
      timestep: frame.timestep,
      tokens,
      predOriginalSample: frame.predOriginalSample?.slice(...part),
      entropy: frame.entropy?.slice(...part),
      changes,
      maskedShare: tokens.filter((token) => token === MASK_CLASS).length / NUM_LATENT_PIXELS,
      numChanged: changes.filter((change) => change !== UNCHANGED).length,
    })
  }
}

function changeOf(before: number, after: number): number {
  if (before === after) return UNCHANGED
  return before === MASK_CLASS ? DECIDED : REPLACED
}

/** The clean picture as of a moment: its own tokens at the end, before that what was expected, if that was recorded. */
export function pictureTokens({ tokens, maskedShare, timestep, predOriginalSample }: Moment): Tokens | undefined {
  return timestep < 0 && maskedShare === 0 ? tokens : predOriginalSample
}

/** A moment in words: “step 5 of 16, t = 68, 41 % masked, 23 cells changed”. */
export function describe({ step, timestep, maskedShare, numChanged }: Moment, numSteps: number): string {
  return [
    step === 0 ? `start, before ${numSteps} steps` : `step ${step} of ${numSteps}`,
    timestep < 0 ? 'clean' : `t = ${timestep}`,
    ...(timestep < 0 && maskedShare === 0 ? [] : [`${percent(maskedShare)} masked`]),
    ...(step === 0 ? [] : [`${numChanged} ${numChanged === 1 ? 'cell' : 'cells'} changed`]),
  ].join(', ')
}
