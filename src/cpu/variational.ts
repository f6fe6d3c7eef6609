/** Terms of the variational bound of one token, in nats. */
export interface VariationalTerms<Term> {
  /** KL(q(x_{t−1} | x_t, x₀) ‖ p(x_{t−1} | x_t)), the loss at t > 0. */
  readonly kl: Term
  /** −log p(x_{t−1} = x₀ | x_t), the loss at t = 0. */
  readonly decoderNll: Term
}

/**
 * The terms of one token from its two posteriors of C rows (docs/MATH.md#variational-terms). Both are clamped to [−70,
 * 0], as in the paper authors' code: a class that the model excludes costs 70, not infinity.
 *
 * @param truth log q(x_{t−1} | x_t, x₀)
 * @param model log p(x_{t−1} | x_t)
 */
export function variationalTerms(truth: Float64Array, model: Float64Array, class0: number): VariationalTerms<number> {
  const [q, p] = [truth.map(clamp), model.map(clamp)]
  return { kl: q.reduce((sum, log, k) => sum + Math.exp(log) * (log - p[k]!), 0), decoderNll: -p[class0]! }
}

function clamp(log: number): number {
  return Math.min(0, Math.max(-70, log))
}
