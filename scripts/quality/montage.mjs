import { crc32, deflateSync } from 'node:zlib'
import { side } from './drawings.mjs'
import { shrink } from './nearest.mjs'
import { createDecoder } from './networks.mjs'

const gap = 4

/**
 * A PNG of pictures on white: a row a setting, a column a name, and above them the training drawing of the name and style.
 *
 * @param {readonly object[]} pictures of `settings`, comparable
 * @param {{ drawings: readonly object[], pixels: Uint8Array }} training
 */
export async function montage(pictures, settings, training, columns) {
  const decode = await createDecoder()
  const [first, ...others] = Object.keys(settings)
  const of = (setting) => pictures.filter((p) => p.setting === setting)
  const shown = of(first).slice(0, columns)
  const rows = [shown.map(({ name, style }) => drawingOf(training, name, style))]
  for (const setting of [first, ...others]) {
    const row = shown.map((p) => of(setting).find((q) => q.name === p.name && q.seed === p.seed && q.style === p.style))
    const decoded = await decode(Int32Array.from(row.flatMap(({ tokens }) => tokens)))
    rows.push(decoded.map(shrink))
  }
  const cell = side + gap
  const [width, height] = [columns * cell + gap, rows.length * cell + gap]
  const rgb = new Uint8ClampedArray(width * height * 3).fill(255)
  for (const [row, tiles] of rows.entries())
    for (const [column, tile] of tiles.entries()) paste(rgb, width, tile, gap + column * cell, gap + row * cell)
  return png(rgb, width, height)
}

function drawingOf({ drawings, pixels }, name, style) {
  const index = drawings.findIndex((d) => d.name === name && d.style === style && !d.toned)
  return pixels.subarray(index * side * side * 4, (index + 1) * side * side * 4)
}

/** Puts a premultiplied picture on white. A decoded colour may be a little above its alpha. */
function paste(rgb, width, tile, left, top) {
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let channel = 0; channel < 3; channel++) {
        const from = (y * side + x) * 4
        rgb[((top + y) * width + left + x) * 3 + channel] = tile[from + channel] + 255 - tile[from + 3]
      }
}

function png(rgb, width, height) {
  const lines = Buffer.alloc(height * (width * 3 + 1))
  for (let y = 0; y < height; y++) lines.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits of red, green and blue.
  header.set([8, 2], 8)
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND'),
  ])
}

function chunk(type, data = Buffer.alloc(0)) {
  const content = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(content))
  return Buffer.concat([length, content, check])
}
