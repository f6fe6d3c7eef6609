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

/** KL divergence of softmax(values) from softmax(reference), in nats, for each row. */
export function divergences(values: ArrayLike<number>, { data, rows, columns }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    const p = data.slice(row * columns, (row + 1) * columns)
    const q = Float64Array.from(p, (_, column) => values[row * columns + column]!)
    softmax(p)
    softmax(q)
    return p.reduce((sum, share, i) => (share > 0 ? sum + share * Math.log(share / q[i]!) : sum), 0)
  })
}
