/** A result that is not what it has to be: nothing is reported of a variant that gave it. */
export class CheckError extends Error {
  override readonly name = 'CheckError'
}

/**
 * How far float32 may depart from the float64 twin: a token may differ where both tokens' noised scores are as close as
 * rounding, and not more often than that happens.
 */
export interface Tolerance {
  /** Of noised scores, in nats. */
  readonly margin: number
  /** Of all tokens; one of few is always allowed. */
  readonly share: number
}

/** Scores of this size are off by about 1e-5 in float32. */
export const exact: Tolerance = { margin: 1e-3, share: 1e-3 }

/** Throws CheckError unless the tokens are equal, but for ties within the tolerance. */
export function checkTokens(
  what: string,
  got: Uint32Array,
  want: ArrayLike<number>,
  { margin, share }: Tolerance,
  marginOf: (token: number, got: number, want: number) => number,
): void {
  if (got.length !== want.length)
    throw new CheckError(`${what}: ${got.length} tokens were given, ${want.length} are right`)
  let differing = 0
  for (const [token, value] of got.entries()) {
    if (value === want[token]) continue
    differing++
    const apart = marginOf(token, value, want[token]!)
    if (!(apart < margin))
      throw new CheckError(
        `${what}: token ${token} is ${value} instead of ${want[token]}, whose noised score is ${apart} away`,
      )
  }
  if (differing > Math.max(1, share * got.length))
    throw new CheckError(`${what}: ${differing} of ${got.length} tokens differ`)
}
