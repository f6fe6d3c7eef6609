/**
 * The white edge of a sticker: `image` grown by `radius` pixels, in white. Drawn below the image, it surrounds it.
 *
 * @param image with straight alpha
 */
export function stickerEdge({ data, width, height }: ImageData, radius: number): Uint8ClampedArray<ArrayBuffer> {
  const disc = discOf(radius)
  const white = new Uint8ClampedArray(data.length).fill(255)
  for (let at = 3; at < data.length; at += 4) white[at] = data[at]!
  const isSolid = (x: number, y: number) => data[4 * (y * width + x) + 3] === 255
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const alpha = data[4 * (y * width + x) + 3]!
      if (alpha === 0) continue
      const isWithin = x > 0 && y > 0 && x < width - 1 && y < height - 1
      // What a pixel within a solid area grows to, its outline grows to as well.
      if (isWithin && isSolid(x, y) && isSolid(x - 1, y) && isSolid(x + 1, y) && isSolid(x, y - 1) && isSolid(x, y + 1))
        continue
      for (const [dx, dy, coverage] of disc) {
        const [column, row] = [x + dx, y + dy]
        if (column < 0 || row < 0 || column >= width || row >= height) continue
        const at = 4 * (row * width + column) + 3
        white[at] = Math.max(white[at]!, coverage * alpha)
      }
    }
  }
  return white
}

/** The pixels of a disc with a smooth rim: offsets from its centre, and how much of the pixel it covers. */
function discOf(radius: number): [dx: number, dy: number, coverage: number][] {
  const reach = Math.ceil(radius)
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach)
  return offsets
    .flatMap((dy) => offsets.map((dx): [number, number, number] => [dx, dy, radius + 0.5 - Math.hypot(dx, dy)]))
    .filter(([, , coverage]) => coverage > 0)
    .map(([dx, dy, coverage]) => [dx, dy, Math.min(1, coverage)])
}
