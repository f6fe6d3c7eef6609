import { type Matrix, softmax } from './reference_layers'

/** How far values are from those they should be. */
export interface Difference {
  readonly largest: number
  /** Root mean square of the errors, by that of the reference. */
  readonly relative: number
}

export function difference(values: ArrayLike<number>, reference: ArrayLike<number>): Difference {
  let [largest, squares, squaresOfReference] = [0, 0, 0]
  for (let i = 0; i < reference.length; i++) {
    const error = Math.abs(values[i]! - reference[i]!)
    // NaN is the largest error.
    if (!(error <= largest)) largest = error
    squares += error ** 2
    squaresOfReference += reference[i]! ** 2
  }
  return { largest, relative: Math.sqrt(squares / squaresOfReference) }
}

/**
 * KL divergence of softmax(values) from softmax(reference), in nats, for each row.
 *
 * @param ranges [first, last] of the columns of which the softmaxes are, in turn for the rows; all by default
 */
export function divergences(
  values: ArrayLike<number>,
  { data, rows, columns }: Matrix,
  ranges: readonly (readonly [first: number, last: number])[] = [[0, columns - 1]],
): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    const [first, last] = ranges[row % ranges.length]!
    const start = row * columns + first
    const p = data.slice(start, row * columns + last + 1)
    const q = Float64Array.from(p, (_, i) => values[start + i]!)
    softmax(p)
    softmax(q)
    return p.reduce((sum, share, i) => (share > 0 ? sum + share * Math.log(share / q[i]!) : sum), 0)
  })
}
