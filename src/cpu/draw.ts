import type { ClassRange } from '../process/class_ranges'
import type { RouteThresholds, Thresholds } from '../process/routes'
import type { ItemStream } from '../random'
import { classTailWords, classWords, exponential, multiplyHigh, Purpose, pixelKey, type Words } from './random'

/** The random stream of one latent pixel in one drawing call. */
export interface PixelStream {
  readonly stream: ItemStream
  readonly pixel: number
  readonly counter: number
}

/** The route of a token to x_u (docs/MATH.md#route-table); staying masked is 'keep'. */
export type Route = 'keep' | 'uniform' | 'x0'

/** A route before x₀ is drawn. */
export type SettledRoute = 'keep' | 'uniform' | 'unsettled'

/** A uniform 31-bit integer, the unit of route thresholds. */
export function routeDraw({ stream, pixel, counter }: PixelStream): number {
  return pixelKey(stream, pixel, counter, Purpose.route)[0] >>> 1
}

/** A uniform class of those that the pixel may have. */
export function uniformClass({ stream, pixel, counter }: PixelStream, { first, size }: ClassRange): number {
  return first + multiplyHigh(pixelKey(stream, pixel, counter, Purpose.uniformClass)[0], size)
}

/** A clean token after the forward process: kept, masked, or replaced. */
export function noised(
  token: number,
  [keep, mask]: Thresholds,
  at: PixelStream,
  range: ClassRange,
  maskClass: number,
): number {
  const draw = routeDraw(at)
  if (draw < keep) return token
  return draw < mask ? maskClass : uniformClass(at, range)
}

/** The route of a token before x₀ is drawn. */
export function settledRoute(thresholds: RouteThresholds, isMasked: boolean, draw: number): SettledRoute {
  return routeBelow(isMasked ? thresholds.masked : thresholds.settled, draw) ?? 'unsettled'
}

/** The route of a token whose x₀ is drawn. */
export function routeGivenX0(thresholds: RouteThresholds, isMasked: boolean, agrees: boolean, draw: number): Route {
  const settled = settledRoute(thresholds, isMasked, draw)
  if (settled !== 'unsettled') return settled
  if (isMasked) return 'x0'
  return routeBelow(agrees ? thresholds.agrees : thresholds.differs, draw) ?? 'x0'
}

function routeBelow([keep, uniform]: Thresholds, draw: number): 'keep' | 'uniform' | undefined {
  if (draw < keep) return 'keep'
  return draw < uniform ? 'uniform' : undefined
}

/**
 * Draws x₀ by a Gumbel argmax over K raw logits (docs/MATH.md#gumbel-noise), or over some classes of them. −∞ excludes a
 * class; the lowest class wins ties. Returns null if nothing can be drawn: a logit is NaN or +∞, or none is finite.
 *
 * @param classes in rising order; all by default
 */
export function drawX0(logits: Float64Array, at: PixelStream, classes?: readonly number[]): number | null {
  const key = pixelKey(at.stream, at.pixel, at.counter, Purpose.x0)
  const count = classes ? classes.length : logits.length
  let group = -1
  let words: Words | undefined
  let best: number | null = null
  let bestScore = -Infinity
  for (let i = 0; i < count; i++) {
    const k = classes ? classes[i]! : i
    const logit = logits[k]!
    // A class that could not win with the most noise needs no random word …
    if (logit + mostNoise <= bestScore) continue
    if (!(logit < Infinity)) return null
    if (!words || k >>> 2 !== group) {
      group = k >>> 2
      words = classWords(key, group)
    }
    const word = words[k & 3]!
    // … and one that could not win with the most noise of its word needs no logarithm.
    if (logit + noiseBound(word) <= bestScore) continue
    const score = logit - Math.log(exponential(word, () => classTailWords(key, k >>> 2)[k & 3]!))
    if (score > bestScore) {
      bestScore = score
      best = k
    }
  }
  return best
}

/** More than the Gumbel noise of 2⁻⁵⁷, the least exponential variate. */
const mostNoise = 58 * Math.LN2

/** The Gumbel noise of a random word is at most this (docs/MATH.md#numerics): its exponential is at least word / 2³². */
function noiseBound(word: number): number {
  return word < 2 ** 16 ? mostNoise : (Math.clz32(word) + 1) * Math.LN2
}
