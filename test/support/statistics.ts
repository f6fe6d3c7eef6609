/** The false-alarm rate of every test of a law. Seeds are fixed, so a test that passes once passes always. */
export const alpha = 1e-6

/** How often each class occurs. Throws if a token is no class. */
export function countTokens(tokens: ArrayLike<number>, numClasses: number): Uint32Array {
  const counts = new Uint32Array(numClasses)
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (!(token < numClasses)) throw new Error(`token ${i} is ${token}, should be below ${numClasses}`)
    counts[token]!++
  }
  return counts
}

/** Throws unless the counts fit the law, by a chi-square test at `alpha`. */
export function checkLaw(name: string, counts: ArrayLike<number>, probabilities: readonly number[]): void {
  const p = goodnessOfFit(counts, probabilities)
  if (!(p > alpha)) throw new Error(`${name}: counts [${Array.from(counts)}] have p = ${p} under [${probabilities}]`)
}

/**
 * How many tokens of a test may differ between engines. Two scores within the rounding of a float32 can rank otherwise in
 * float64, which happens to about one token in a million. Of 2¹⁴ tokens, five differ once in 10¹¹ tests; an error that
 * affects 0.15 % of them stays undetected once in a million.
 */
const allowedNearTies = 4

/** Throws unless the tokens are those of another engine, or of another way to draw them, except for near ties. */
export function checkSameDraws(name: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  if (got.length !== want.length) throw new Error(`${name}: ${got.length} tokens, should be ${want.length}`)
  let differing = 0
  for (let i = 0; i < want.length; i++) if (got[i] !== want[i]) differing++
  if (differing > allowedNearTies)
    throw new Error(`${name}: ${differing} of ${want.length} tokens differ, at most ${allowedNearTies} may`)
}

/** Probability that a chi-square variable with these degrees of freedom exceeds `statistic`. */
export function chiSquareTail(statistic: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, statistic / 2)
}

/**
 * p-value of observed counts under a law. Cells expecting fewer than five draws are pooled; a draw where the law says
 * zero gives p = 0.
 */
export function goodnessOfFit(counts: ArrayLike<number>, probabilities: readonly number[]): number {
  const draws = Array.from(counts).reduce((sum, count) => sum + count, 0)
  const cells: { observed: number; expected: number }[] = []
  const pool = { observed: 0, expected: 0 }
  for (const [k, probability] of probabilities.entries()) {
    const cell = { observed: counts[k]!, expected: probability * draws }
    if (probability === 0 && cell.observed > 0) return 0
    if (cell.expected >= 5) cells.push(cell)
    else {
      pool.observed += cell.observed
      pool.expected += cell.expected
    }
  }
  if (pool.expected >= 5) cells.push(pool)
  else if (pool.observed > 0 && poissonTail(pool.observed, pool.expected) < 1e-9) return 0
  if (cells.length < 2) return 1
  const statistic = cells.reduce((sum, { observed, expected }) => sum + (observed - expected) ** 2 / expected, 0)
  return chiSquareTail(statistic, cells.length - 1)
}

/** Probability of at least `count` events of a Poisson law. */
function poissonTail(count: number, mean: number): number {
  return 1 - upperGamma(count, mean)
}

/** Regularised upper incomplete gamma function Q(a, x), by its series or its continued fraction. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; term > sum * 1e-16; n++) {
      term *= x / (a + n)
      sum += term
    }
    return Math.max(0, 1 - scale * sum)
  }
  // Modified Lentz evaluation.
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let fraction = d
  for (let n = 1; n < 10_000; n++) {
    const factor = -n * (n - a)
    b += 2
    d = 1 / (factor * d + b)
    c = b + factor / c
    fraction *= c * d
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return scale * fraction
}

/** log Γ(a) for a > 0, by Stirling's series after shifting the argument up. */
function logGamma(a: number): number {
  let shift = 0
  let z = a
  while (z < 10) shift -= Math.log(z++)
  return (
    shift +
    (z - 0.5) * Math.log(z) -
    z +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * z) -
    1 / (360 * z ** 3) +
    1 / (1260 * z ** 5)
  )
}
