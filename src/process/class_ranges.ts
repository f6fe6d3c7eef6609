/** The classes that a latent pixel may have. */
export interface ClassRange {
  readonly first: number
  readonly last: number
  /** Number of classes. */
  readonly size: number
  /** The place of this number among the `sizes` of all pixels. */
  readonly kind: number
}

/** The range of classes of each latent pixel (docs/MATH.md#class-ranges). */
export interface ClassRanges {
  /** One for each latent pixel. */
  readonly ranges: readonly ClassRange[]
  /** The numbers of classes that there are. */
  readonly sizes: readonly number[]
}

/** The ranges of pairs [first, last]. */
export function classRanges(pairs: readonly (readonly [first: number, last: number])[]): ClassRanges {
  const sizes = [...new Set(pairs.map(([first, last]) => last - first + 1))]
  const kinds = new Map(sizes.map((size, kind) => [size, kind]))
  const ranges = pairs.map(([first, last]) => {
    const size = last - first + 1
    return { first, last, size, kind: kinds.get(size)! }
  })
  return { ranges, sizes }
}

/** Whether an ordinary class is none that the pixel may have. */
export function isOutside({ first, last }: ClassRange, classIndex: number): boolean {
  return classIndex < first || classIndex > last
}
