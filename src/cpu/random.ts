import type { ItemStream } from '../random'

/**
 * Counter-based random numbers, the same integers as shaders/lib/random.wgsl (docs/MATH.md#random-numbers).
 *
 * A strong generator (Philox-4x32-10; Salmon et al. 2011) gives one key per seed, item, latent pixel, counter and
 * purpose. A cheap hash of that key (pcg4d; Jarzynski and Olano 2020) gives the words of four classes at a time.
 */

export type Words = readonly [number, number, number, number]

/** Purposes of random numbers, each with a stream of its own; the values of random.wgsl. */
export const Purpose = { x0: 0, route: 1, uniformClass: 2, selection: 3 } as const
export type Purpose = (typeof Purpose)[keyof typeof Purpose]

/** High 32 bits of a 32×32-bit product. */
export function multiplyHigh(a: number, b: number): number {
  // One by one: a destructured array would keep the engine from inlining this.
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0
  const middle2 = (Math.imul(a0, b1) + (middle & 0xffff)) | 0
  return (Math.imul(a1, b1) + (middle >>> 16) + (middle2 >>> 16)) >>> 0
}

/** Philox-4x32 with ten rounds. Its words are signed until the end: engines then compute with 32-bit integers alone. */
export function philox4x32(counter: Words, key: readonly [number, number]): Words {
  let [x0, x1, x2, x3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, x0)
    const high1 = multiplyHigh(0xcd9e8d57, x2)
    const low0 = Math.imul(0xd2511f53, x0)
    x0 = high1 ^ x1 ^ k0
    x1 = Math.imul(0xcd9e8d57, x2)
    x2 = high0 ^ x3 ^ k1
    x3 = low0
    k0 = (k0 + 0x9e3779b9) | 0
    k1 = (k1 + 0xbb67ae85) | 0
  }
  return [x0 >>> 0, x1 >>> 0, x2 >>> 0, x3 >>> 0]
}

/** The four-dimensional PCG hash. */
export function pcg4d(input: Words): Words {
  const step = (value: number) => (Math.imul(value, 1664525) + 1013904223) | 0
  let [x, y, z, w] = [step(input[0]), step(input[1]), step(input[2]), step(input[3])]
  x = (x + Math.imul(y, w)) | 0
  y = (y + Math.imul(z, x)) | 0
  z = (z + Math.imul(x, y)) | 0
  w = (w + Math.imul(y, z)) | 0
  x ^= x >>> 16
  y ^= y >>> 16
  z ^= z >>> 16
  w ^= w >>> 16
  // Again, not by a function: one that assigns to the four variables takes twice as long.
  x = (x + Math.imul(y, w)) | 0
  y = (y + Math.imul(z, x)) | 0
  z = (z + Math.imul(x, y)) | 0
  w = (w + Math.imul(y, z)) | 0
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0]
}

/** The 128-bit key of one latent pixel for one purpose in one drawing call. */
export function pixelKey(stream: ItemStream, pixel: number, counter: number, purpose: Purpose): Words {
  return philox4x32([pixel, counter, purpose, stream.item], stream.seed)
}

/** Random 32-bit words of classes 4·group to 4·group + 3. */
export function classWords(key: Words, group: number): Words {
  return pcg4d([(key[0] + group) >>> 0, key[1], key[2], key[3]])
}

/** Further bits for classes whose word is small, since 32 bits are too coarse there. */
export function classTailWords(key: Words, group: number): Words {
  return pcg4d([(key[0] + group) >>> 0, ~key[1] >>> 0, key[2], key[3]])
}

/**
 * An exponential variate from a random word, resolved down to 2⁻⁵⁷: E = −log(1 − v) with v = (word + fraction)/2³².
 * `tail` supplies the bits of the fraction and is called for words below 2¹⁶ only; the others lie in the middle.
 */
export function exponential(word: number, tail: () => number): number {
  if (word >= 2 ** 30) return -Math.log(((~word >>> 0) + 0.5) * 2 ** -32)
  const fraction = word < 2 ** 16 ? ((tail() >>> 8) + 0.5) * 2 ** -24 : 0.5
  return -Math.log1p(-(word + fraction) * 2 ** -32)
}
