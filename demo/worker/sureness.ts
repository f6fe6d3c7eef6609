import type { Tokens } from './protocol'

/** The timestep at which this share of the tokens is masked. */
export const SURENESS_TIMESTEP = 70
const MASKED_SHARE = 0.63

/** Whether a cell is masked, the same for all pictures: by the golden ratio, which spreads them evenly. */
const isMasked = (cell: number) => (cell * 0.6180339887498949) % 1 < MASKED_SHARE

/** x_t of a finished picture. */
export function maskTokens(tokens: Tokens, maskClass: number): Tokens {
  return tokens.map((token, cell) => (isMasked(cell) ? maskClass : token))
}

/**
 * How sure the network is of a picture: the mean log-likelihood that it gives its tokens under its words, in nats, when a fixed
 * choice of them is masked:
 *
 *   mean over masked n of log p(x₀ₙ | x_t, words)
 *
 * Of two pictures of the same words and style, the one with the larger value was the nearer one to the training drawing of
 * that name in 84 % of 83 pairs among 56 pictures, and in 78 % at t = 50. With the likelihood without words taken off, as
 * guidance would have it, in 35 %.
 *
 * @param logits of `maskTokens(tokens)`, f32 [1, N, K]
 * @param tokens of the finished picture
 */
export function sureness(logits: Float32Array, tokens: Tokens): number {
  const K = logits.length / tokens.length
  const cells = [...tokens.keys()].filter((cell) => isMasked(cell))
  const logLikelihood = (cell: number) => logSoftmax(logits.subarray(cell * K, (cell + 1) * K), tokens[cell]!)
  return cells.reduce((sum, cell) => sum + logLikelihood(cell), 0) / cells.length
}

function logSoftmax(logits: Float32Array, index: number): number {
  const largest = logits.reduce((largest, logit) => Math.max(largest, logit))
  return logits[index]! - largest - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
}
