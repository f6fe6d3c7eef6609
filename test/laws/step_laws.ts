import type { VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import { readConfig } from '../../src/config'
import { type Transition, transition } from '../../src/process/routes'
import { createSchedule } from '../../src/process/schedule'
import { pseudoLogits } from '../support/inputs'

/**
 * Laws of single steps, computed by explicit matrix products for four kinds of processes. laws/twin.node.test.ts tests that
 * the twin draws from them, laws/gpu.test.ts that the GPU draws the twin's tokens.
 */
export interface StepLaw {
  readonly name: string
  readonly t: number
  /** The previous timestep, −1 for clean data. */
  readonly u: number
  readonly xT: number
  /** Of x_u, for each of the C classes. */
  readonly law: readonly number[]
}

export interface ProcessLaws {
  readonly name: string
  readonly config: VQDiffusionSchedulerOptions
  /** One column of logits, that of every token. */
  readonly logits: Float32Array<ArrayBuffer>
  /** The law of the initial sample. */
  readonly start: readonly number[]
  readonly steps: readonly StepLaw[]
}

const K = 5

const processes = {
  default: {},
  'strong replacement': { alpha_cum_start: 0.97, alpha_cum_end: 0.02, gamma_cum_start: 0.01, gamma_cum_end: 0.6 },
  'absorbing only': { alpha_cum_start: 0.9, alpha_cum_end: 0.1, gamma_cum_start: 0.1, gamma_cum_end: 0.9 },
  'uniform only': { alpha_cum_start: 0.9, alpha_cum_end: 0.01, gamma_cum_start: 0, gamma_cum_end: 0 },
}

const timesteps = [
  [11, 10],
  [11, 4],
  [6, 5],
  [6, 0],
  [1, 0],
  [6, -1],
  [0, -1],
] as const

/** q(later = j | earlier = i) */
function matrix({ keep, replace, mask }: Transition, j: number, i: number): number {
  if (i === K) return j === K ? 1 : 0
  return j === K ? mask : (i === j ? keep : 0) + replace / K
}

/** The probabilities of logits. */
export function softmax(logits: ArrayLike<number>): number[] {
  const weights = Array.from(logits, Math.exp)
  const total = weights.reduce((a, b) => a + b)
  return weights.map((weight) => weight / total)
}

export const processLaws: readonly ProcessLaws[] = Object.entries(processes).map(([name, options]) => {
  const config = { num_vec_classes: K + 1, num_train_timesteps: 12, ...options }
  const schedule = createSchedule(readConfig(config))
  const logits = pseudoLogits(K, 3, 4)
  const prior = softmax(logits)

  /** Σ_x₀ p(x₀) q(x_u | x_t, x₀); an x₀ from which x_t cannot come leaves an ordinary token unchanged. */
  function law(t: number, u: number, xT: number): number[] {
    const step = transition(schedule, t, u)
    const early = u < 0 ? { keep: 1, replace: 0, mask: 0 } : transition(schedule, u, -1)
    const late = transition(schedule, t, -1)
    return Array.from({ length: K + 1 }, (_, i) =>
      prior.reduce((sum, p, x0) => {
        const evidence = matrix(late, xT, x0)
        if (evidence === 0) return sum + (i === xT ? p : 0)
        return sum + (p * matrix(step, xT, i) * matrix(early, i, x0)) / evidence
      }, 0),
    )
  }

  const { mask, replace } = transition(schedule, 11, -1)
  const start = Array.from({ length: K + 1 }, (_, k) => (k === K ? mask : replace / K) / (mask + replace))
  const tokens = name === 'uniform only' ? [0, 3] : [0, 3, K]
  const steps = timesteps.flatMap(([t, u]) =>
    tokens.map((xT) => {
      const from = xT === K ? 'the mask' : `class ${xT}`
      return { name: `${t} → ${u} from ${from}`, t, u, xT, law: law(t, u, xT) }
    }),
  )
  return { name, config, logits, start, steps }
})
