/** The cumulative tables of a scheduler. */
interface Tables {
  readonly logCumprodAt: ArrayLike<number>
  readonly logCumprodBt: ArrayLike<number>
  readonly logCumprodCt: ArrayLike<number>
}

/**
 * The logits of a network that knows a few pictures by heart, and nothing else: the exact log p(x₀ | x_t) if every picture
 * is as likely as the others. It is what training would lead to, so no weights are needed.
 *
 * @param tokens x_t, [N]
 * @param pictures clean tokens, [pictures, N]
 * @returns [N, K]
 */
export function toyLogits(
  tokens: ArrayLike<number>,
  timestep: number,
  pictures: readonly (readonly number[])[],
  numCodes: number,
  { logCumprodAt, logCumprodBt, logCumprodCt }: Tables,
): Float32Array<ArrayBuffer> {
  const [a, b, c] = [logCumprodAt, logCumprodBt, logCumprodCt].map((table) => Math.exp(table[timestep]!)) as [
    number,
    number,
    number,
  ]
  // log q(x_t | picture), up to a constant.
  const scores = pictures.map((picture) =>
    picture.reduce((sum, clean, pixel) => {
      const token = tokens[pixel]!
      return sum + Math.log(token === numCodes ? c : token === clean ? a + b : b)
    }, 0),
  )
  const best = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - best))
  const probabilities = new Float32Array(tokens.length * numCodes)
  for (const [index, picture] of pictures.entries())
    for (const [pixel, clean] of picture.entries()) probabilities[pixel * numCodes + clean]! += weights[index]!
  return probabilities.map(Math.log)
}
