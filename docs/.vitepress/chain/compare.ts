/** Numbers of a frame beside the one before it. */
export function countMasked(tokens: ArrayLike<number>, maskClass: number): number {
  return Array.from(tokens).filter((token) => token === maskClass).length
}

/** Whether each token differs from the one before. */
export function changes(tokens: ArrayLike<number>, before: ArrayLike<number> | undefined): boolean[] {
  return Array.from(tokens, (token, pixel) => before !== undefined && token !== before[pixel])
}
