/** matplotlib's viridis: perceptually uniform, also in greyscale and for colour-blind readers. */
const VIRIDIS = ['#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725'].map(
  (colour) => [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16)),
)

/** A CSS colour for a share of 0 … 1, from dark violet to yellow. */
export function rampColour(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1)
  const below = Math.min(VIRIDIS.length - 2, Math.floor(place))
  const [from, to] = [VIRIDIS[below]!, VIRIDIS[below + 1]!]
  return `rgb(${from.map((channel, i) => Math.round(channel + (place - below) * (to[i]! - channel))).join(' ')})`
}

/** The ramp from left to right, as a CSS image. */
export function rampGradient(): string {
  return `linear-gradient(90deg, ${VIRIDIS.map((_, i) => rampColour(i / (VIRIDIS.length - 1))).join(', ')})`
}

/** A CSS colour for a token's class. It only distinguishes classes: neighbouring classes get distant colours. */
export function classColour(token: number): string {
  // The golden angle spreads any run of classes over all hues.
  const hue = (token * 137.508) % 360
  const lightness = 0.5 + 0.08 * (token % 5)
  const chroma = 0.07 + 0.04 * (token % 3)
  return `oklch(${lightness.toFixed(2)} ${chroma.toFixed(2)} ${hue.toFixed(2)})`
}
