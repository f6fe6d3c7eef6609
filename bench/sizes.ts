/** B items of N latent pixels, each one of C classes, the mask included. */
export interface Size {
  readonly batchSize: number
  readonly numVecClasses: number
  readonly numLatentPixels: number
}

function sizes(...triples: readonly (readonly [number, number, number])[]): Size[] {
  return triples.map(([batchSize, numVecClasses, numLatentPixels]) => ({ batchSize, numVecClasses, numLatentPixels }))
}

/** The size that most ratios are about. */
export const baseSize: Size = sizes([1, 4097, 1024])[0]!
/** A batch that fills a large GPU. */
export const batchSize16: Size = sizes([16, 4097, 1024])[0]!

/** Sizes that have a name on the command line. */
export const namedSizes: Readonly<Record<string, readonly Size[]>> = {
  quick: sizes([1, 4097, 256], [1, 4097, 1024]),
  all: sizes(
    [1, 4097, 256],
    [1, 4097, 1024],
    [4, 4097, 1024],
    [16, 4097, 1024],
    [1, 2888, 1024],
    [1, 16385, 1024],
    [1, 4097, 4096],
  ),
  growth: sizes(
    ...([1, 2, 4, 8, 16] as const).map((B) => [B, 4097, 256] as const),
    ...([64, 128, 512, 1024, 2048, 4096] as const).map((N) => [1, 4097, N] as const),
    ...([257, 513, 1025, 2049, 8193, 16385] as const).map((C) => [1, C, 256] as const),
  ),
}

export function sizeText({ batchSize, numVecClasses, numLatentPixels }: Size): string {
  return `${batchSize}x${numVecClasses}x${numLatentPixels}`
}

export function sameSize(a: Size, b: Size): boolean {
  return sizeText(a) === sizeText(b)
}

/** K = C − 1. */
export function numCodes(size: Size): number {
  return size.numVecClasses - 1
}

/** Bytes of one half of the logits, [B, K, N]. */
export function logitsBytes(size: Size, dtype: 'f32' | 'f16'): number {
  return size.batchSize * numCodes(size) * size.numLatentPixels * (dtype === 'f32' ? 4 : 2)
}

/** 'BxCxN' or the name of a list. Throws RangeError with a sentence for a person. */
export function parseSize(text: string): readonly Size[] {
  const named = namedSizes[text]
  if (named) return named
  const numbers = text.split('x').map(Number)
  const [B = 0, C = 0, N = 0] = numbers
  if (numbers.length !== 3 || !numbers.every(Number.isSafeInteger) || B < 1 || C < 3 || N < 1)
    throw new RangeError(
      `A size is BxCxN, as 1x4097x1024, with C at least 3, or one of ${Object.keys(namedSizes).join(', ')}; given '${text}'.`,
    )
  return sizes([B, C, N])
}
