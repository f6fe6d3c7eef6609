import type { FloatTensor, TokenTensor } from './host_tensor'

export interface Tolerance {
  readonly atol?: number
  readonly rtol?: number
}

/** Throws with the worst element unless |got − want| ≤ atol + rtol·|want| everywhere; non-finite values have to be equal. */
export function checkClose(
  name: string,
  got: ArrayLike<number>,
  want: FloatTensor,
  { atol = 0, rtol = 0 }: Tolerance,
): void {
  requireLength(name, got, want.data)
  let worst = { excess: 0, i: -1 }
  for (let i = 0; i < want.data.length; i++) {
    const [g, w] = [got[i]!, want.data[i]!]
    if (Object.is(g, w) || g === w) continue
    const excess = Number.isFinite(g) && Number.isFinite(w) ? Math.abs(g - w) / (atol + rtol * Math.abs(w)) : Infinity
    if (excess > worst.excess) worst = { excess, i }
  }
  if (worst.excess > 1)
    throw new Error(
      `${name}[${worst.i}] is ${got[worst.i]}, should be ${want.data[worst.i]} (off by ${worst.excess}× the tolerance)`,
    )
}

/** Throws unless the tokens are equal wherever the reference's margin is not a near tie. */
export function checkTokens(
  name: string,
  got: ArrayLike<number>,
  want: TokenTensor,
  margin?: FloatTensor,
  ignoreBelow = 0,
): void {
  requireLength(name, got, want.data)
  for (let i = 0; i < want.data.length; i++) {
    if (got[i] !== want.data[i] && (margin?.data[i] ?? Infinity) >= ignoreBelow)
      throw new Error(`${name}[${i}] is ${got[i]}, should be ${want.data[i]} (margin ${margin?.data[i] ?? 'unknown'})`)
  }
}

export function checkEqual(name: string, got: unknown, want: unknown): void {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)]
  if (g !== w) throw new Error(`${name} is ${g}, should be ${w}`)
}

function requireLength(name: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  if (got.length !== want.length) throw new Error(`${name} has ${got.length} elements, should have ${want.length}`)
}
