import { CheckpointError } from '../../errors'
import type { StoredTensor, Tensors } from './tensors'

/** The keys of a scheduler's configuration that a linear schedule has. */
export interface LinearSchedule {
  readonly num_train_timesteps: number
  readonly alpha_cum_start: number
  readonly alpha_cum_end: number
  readonly gamma_cum_start: number
  readonly gamma_cum_end: number
}

/** A schedule, and how many classes a replaced token may have. */
export interface StoredSchedule {
  readonly config: LinearSchedule
  readonly classes: number
}

/** That of the authors' code, which has no other (alpha_schedule in diffusion_transformer.py), and of LayoutDM. */
export const publishedSchedule = {
  alpha_cum_start: 0.99999,
  alpha_cum_end: 0.000009,
  gamma_cum_start: 0.000009,
  gamma_cum_end: 0.99999,
} as const

/** Probabilities whose logarithms are float16, as in some files. */
const tolerance = 2e-3

/**
 * The schedule in the buffers of a diffusion model: logarithms of ā, b̄ and c̄, [T + 1], of which the last is of no step.
 * Rejects CheckpointError if they are not those of a linear schedule.
 *
 * @param prefix what the names of the buffers begin with
 * @param timesteps T of the network
 * @returns undefined if there are no buffers
 */
export async function scheduleOf(
  file: string,
  tensors: Tensors,
  prefix: string,
  timesteps: number,
): Promise<StoredSchedule | undefined> {
  const buffers = ['a', 'b', 'c'].map((letter) => tensors.get(`${prefix}log_cumprod_${letter}t`))
  if (buffers.every((buffer) => buffer === undefined)) return undefined
  const [alpha = [], beta = [], gamma = []] = await Promise.all(buffers.map(probabilities))
  const isLinear = [alpha, gamma].every((values) =>
    values.slice(0, timesteps).every((value, t) => {
      const share = t / (timesteps - 1)
      return Math.abs(value - (values[0]! * (1 - share) + values[timesteps - 1]! * share)) < tolerance
    }),
  )
  const classes = Math.round((1 - alpha[0]! - gamma[0]!) / beta[0]!)
  const isComplete = [alpha, beta, gamma].every(({ length }) => length === timesteps + 1)
  if (!isComplete || !isLinear || !Number.isSafeInteger(classes))
    throw new CheckpointError(
      `${file} needs the buffers ${prefix}log_cumprod_at, _bt and _ct of a linear schedule of ${timesteps} timesteps; ` +
        `it has others, of [${alpha.length}, ${beta.length}, ${gamma.length}] values.`,
      file,
    )
  const config = {
    num_train_timesteps: timesteps,
    alpha_cum_start: exact(alpha[0]!, publishedSchedule.alpha_cum_start),
    alpha_cum_end: exact(alpha[timesteps - 1]!, publishedSchedule.alpha_cum_end),
    gamma_cum_start: exact(gamma[0]!, publishedSchedule.gamma_cum_start),
    gamma_cum_end: exact(gamma[timesteps - 1]!, publishedSchedule.gamma_cum_end),
  }
  return { config, classes }
}

const probabilities = async (buffer: StoredTensor | undefined) =>
  buffer ? Array.from(await buffer.read(), (log) => Math.exp(log)) : []

/** What the code that trained the model has written: the published number, or one of few digits. */
function exact(value: number, published: number): number {
  const isPublished = Math.abs(value - published) < 0.01 * Math.min(published, 1 - published)
  return isPublished ? published : Number(value.toPrecision(6))
}
