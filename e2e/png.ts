import { crc32, deflateSync } from 'node:zlib'

/** A PNG of one bit a pixel, all black: some kilobytes, however large. */
export function blackPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 1
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(content))
  return Buffer.concat([length, content, checksum])
}

/** The text of a PNG under a keyword. */
export function textOf(png: Buffer, keyword: string): string {
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    const [type, data] = [png.toString('latin1', at + 4, at + 8), png.toString('latin1', at + 8, at + 8 + length)]
    if (type === 'tEXt' && data.startsWith(`${keyword}\0`)) return data.slice(keyword.length + 1)
    at += length + 12
  }
  throw new Error(`The PNG has no text “${keyword}”.`)
}
