import { formatCount, formatPercent } from '../format'
import { sizeOf, type TokenGrid } from '../model/model'
import type { Frame, Tokens } from '../worker/protocol'

/** Change of a cell since the previous snapshot. */
export const UNCHANGED = 0
/** From masked to a token. */
export const DECIDED = 1
/** From a token to another class. */
export const REPLACED = 2

/** One picture of a drawing after one step; arrays are [N], row-major. */
export interface Snapshot {
  readonly grid: TokenGrid
  /** 0 before the first step. */
  readonly step: number
  /** The timestep of the tokens, −1 when clean. */
  readonly timestep: number
  readonly tokens: Tokens
  /** The x₀ that the step drew; undefined at step 0 and without live preview. */
  readonly predOriginalSample: Tokens | undefined
  /** Entropy of the network's prediction in nats; undefined as above, and with purity sampling. */
  readonly entropy: Float32Array | undefined
  /** UNCHANGED, DECIDED or REPLACED per cell. */
  readonly changes: Uint8Array
  /** Share of masked cells, 0 … 1. */
  readonly maskedShare: number
  /** Number of cells that are not UNCHANGED. */
  readonly numChanged: number
}

/** The snapshots of one picture of a drawing. */
export class Trajectory {
  readonly #snapshots: Snapshot[] = []

  /**
   * @param picture index of the picture in the frames
   * @param grid of the model that drew them
   * @param numSteps number of steps of the complete drawing
   */
  constructor(
    readonly picture: number,
    readonly grid: TokenGrid,
    readonly numSteps: number,
  ) {}

  /** The trajectory of picture `picture`; `numSteps` defaults to the last frame's step. */
  static from(
    frames: readonly Frame[],
    picture: number,
    grid: TokenGrid,
    numSteps = frames.at(-1)?.step ?? 0,
  ): Trajectory {
    const trajectory = new Trajectory(picture, grid, numSteps)
    for (const frame of frames) trajectory.add(frame)
    return trajectory
  }

  get snapshots(): readonly Snapshot[] {
    return this.#snapshots
  }

  /** The highest entropy of any cell in any snapshot, in nats. */
  get maxEntropy(): number {
    return Math.max(0, ...this.#snapshots.map(({ entropy }) => (entropy ? Math.max(...entropy) : 0)))
  }

  /** Frames come in order. After a recovery a step comes again; it replaces its snapshot and all later ones. */
  add(frame: Frame): void {
    while ((this.#snapshots.at(-1)?.step ?? -1) >= frame.step) this.#snapshots.pop()
    const { grid } = this
    const size = sizeOf(grid)
    const range = [this.picture * size, (this.picture + 1) * size] as const
    // Copies, because posting a view to the worker clones its whole buffer.
    const tokens = frame.tokens.slice(...range)
    const previous = this.#snapshots.at(-1)?.tokens ?? tokens
    const changes = Uint8Array.from(tokens, (token, cell) => changeOf(previous[cell]!, token, grid))
    this.#snapshots.push({
      grid,
      step: frame.step,
      timestep: frame.timestep,
      tokens,
      predOriginalSample: frame.predOriginalSample?.slice(...range),
      entropy: frame.entropy?.slice(...range),
      changes,
      maskedShare: tokens.filter((token) => token === grid.numCodes).length / size,
      numChanged: changes.filter((change) => change !== UNCHANGED).length,
    })
  }
}

function changeOf(before: number, after: number, { numCodes }: TokenGrid): number {
  if (before === after) return UNCHANGED
  return before === numCodes ? DECIDED : REPLACED
}

/** Clean tokens to decode as the snapshot's preview: its own tokens when clean, else x₀ if it was recorded. */
export function previewTokens({ tokens, maskedShare, timestep, predOriginalSample }: Snapshot): Tokens | undefined {
  return timestep < 0 && maskedShare === 0 ? tokens : predOriginalSample
}

/** “step 5 of 16, t = 68, 41 % masked, 23 cells changed”. */
export function describe({ step, timestep, maskedShare, numChanged }: Snapshot, numSteps: number): string {
  const parts = [
    step === 0 ? `start, before ${numSteps} steps` : `step ${step} of ${numSteps}`,
    timestep < 0 ? 'clean' : `t = ${timestep}`,
  ]
  if (timestep >= 0 || maskedShare > 0) parts.push(`${formatPercent(maskedShare)} masked`)
  if (step > 0) parts.push(`${formatCount(numChanged, 'cell')} changed`)
  return parts.join(', ')
}
