/** Straight-alpha RGBA. */
export type Pixels = Pick<ImageData, 'data' | 'width' | 'height'>

/** A part of an image, in pixels. */
export interface Rectangle {
  left: number
  top: number
  width: number
  height: number
}

/** Largest difference of a channel from the background's colour, for noise and compressed images. */
const TOLERANCE = 24
/** Share of the border that has the background's colour: the subject may touch one side. */
const BORDER_SHARE = 0.7
/** A background covers less than this share, or nothing would be left. */
const MOST_COVERED = 0.98
/** How far the colour of the subject is looked for from its edge. */
const EDGE_REACH = 2

/**
 * Makes a plain background transparent, in place: the model draws on transparency. Everything of nearly the border's colour is
 * removed that is connected with the border; what the subject encloses stays. Pixels at the edge, which mix both colours,
 * become partly transparent.
 *
 * @param part the picture in the image; the border is its outermost row of pixels
 * @returns whether there was a plain background
 */
export function removePlainBackground(image: Pixels, part: Rectangle): boolean {
  const { data, width } = image
  const inside = cellsOf(part, width)
  const border = inside.filter((pixel) => isBorder(pixel, part, width))
  const background = [0, 1, 2].map((channel) => median(border.map((pixel) => data[4 * pixel + channel]!)))
  const isBackground = (pixel: number) =>
    data[4 * pixel + 3] === 255 &&
    background.every((value, channel) => Math.abs(data[4 * pixel + channel]! - value) <= TOLERANCE)
  const plain = border.filter(isBackground)
  if (plain.length < BORDER_SHARE * border.length) return false
  const removed = connected(plain, isBackground, part, width)
  if (removed.size > MOST_COVERED * inside.length) return false

  const isEdge = (pixel: number) =>
    !removed.has(pixel) && neighbours(pixel, 1, part, width).some((other) => removed.has(other))
  const edge = new Set(inside.filter(isEdge))
  const mixed = [...edge].map((pixel) => {
    const subject = neighbours(pixel, EDGE_REACH, part, width).filter(
      (other) => !removed.has(other) && !edge.has(other),
    )
    return { pixel, colour: unmixed(data, pixel, subject, background) }
  })
  for (const { pixel, colour } of mixed) if (colour) data.set(colour, 4 * pixel)
  for (const pixel of removed) data.fill(0, 4 * pixel, 4 * pixel + 4)
  return true
}

/** The pixel as subject over background: the subject's mean colour and its share as alpha; undefined if no subject is near. */
function unmixed(
  data: Uint8ClampedArray,
  pixel: number,
  subject: number[],
  background: number[],
): number[] | undefined {
  if (subject.length === 0) return undefined
  const mean = background.map(
    (_, channel) => subject.reduce((sum, other) => sum + data[4 * other + channel]!, 0) / subject.length,
  )
  const away = mean.map((value, channel) => value - background[channel]!)
  const own = background.map((value, channel) => data[4 * pixel + channel]! - value)
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
  const share = dot(own, away) / dot(away, away)
  // Whole, or of another colour than the inside: an outline, for instance.
  if (!(share < 1)) return undefined
  return [...mean, 255 * Math.max(0, share)]
}

/** The pixels of `isIn` that are connected with `start` by their sides. */
function connected(start: number[], isIn: (pixel: number) => boolean, part: Rectangle, width: number): Set<number> {
  const found = new Set(start)
  const waiting = [...start]
  for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
    for (const next of neighbours(pixel, 1, part, width)) {
      const isBeside = Math.abs(next - pixel) === 1 || Math.abs(next - pixel) === width
      if (!isBeside || found.has(next) || !isIn(next)) continue
      found.add(next)
      waiting.push(next)
    }
  }
  return found
}

/** Indices of the pixels of a part of an image. */
function cellsOf({ left, top, width, height }: Rectangle, imageWidth: number): number[] {
  return Array.from(
    { length: width * height },
    (_, i) => (top + Math.floor(i / width)) * imageWidth + left + (i % width),
  )
}

function isBorder(pixel: number, { left, top, width, height }: Rectangle, imageWidth: number): boolean {
  const [x, y] = [(pixel % imageWidth) - left, Math.floor(pixel / imageWidth) - top]
  return x === 0 || y === 0 || x === width - 1 || y === height - 1
}

/** The pixels of the part in a square around one, without it. */
function neighbours(pixel: number, reach: number, part: Rectangle, imageWidth: number): number[] {
  const [x, y] = [pixel % imageWidth, Math.floor(pixel / imageWidth)]
  const found: number[] = []
  for (let row = Math.max(part.top, y - reach); row <= Math.min(part.top + part.height - 1, y + reach); row++)
    for (
      let column = Math.max(part.left, x - reach);
      column <= Math.min(part.left + part.width - 1, x + reach);
      column++
    )
      if (row !== y || column !== x) found.push(row * imageWidth + column)
  return found
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
