/** A wrong result: no time is reported of what gave it. */
export class CheckError extends Error {
  override readonly name = 'CheckError'
}

/** A case that is too large or too slow for this device, or that a peer does not support. */
export class UnableError extends Error {
  override readonly name = 'UnableError'
}

/** Why a row has no time; rethrows errors that are not about it. */
export function reasonOf(error: unknown): string {
  if (error instanceof CheckError) return `refused: ${error.message}`
  if (error instanceof UnableError) return error.message
  throw error
}

/**
 * What float32 may differ by from the float64 twin: a token may differ where the noised scores of both tokens are as close
 * as rounding errors, and not more often than that happens.
 */
export interface Tolerance {
  /** Between noised scores, in nats. */
  readonly margin: number
  /** Of all tokens; one token is always allowed. */
  readonly share: number
}

/** Scores of the exact draw have errors of about 1e-5 in float32. */
export const exactDraw: Tolerance = { margin: 1e-3, share: 1e-3 }

/** WGSL's log has errors up to 2⁻²¹ near 1, where the noise that wins the argmax of a dense draw comes from. */
export const denseDraw: Tolerance = { margin: 2e-2, share: 5e-3 }

/** Throws CheckError unless the tokens are equal, except ties within the tolerance. */
export function checkTokens(
  what: string,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { margin, share }: Tolerance,
  marginOf: (token: number, got: number, want: number) => number,
): void {
  if (got.length !== want.length)
    throw new CheckError(`${what}: ${got.length} tokens were given, ${want.length} are right`)
  let differing = 0
  for (let token = 0; token < got.length; token++) {
    const [a, b] = [got[token]!, want[token]!]
    if (a === b) continue
    differing++
    const apart = marginOf(token, a, b)
    if (!(apart < margin))
      throw new CheckError(`${what}: token ${token} is ${a} instead of ${b}, whose noised score is ${apart} away`)
  }
  if (differing > Math.max(1, share * got.length))
    throw new CheckError(`${what}: ${differing} of ${got.length} tokens differ`)
}
