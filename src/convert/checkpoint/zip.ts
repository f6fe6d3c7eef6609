import { CheckpointError } from '../../errors'
import { quoted } from '../../value_text'
import type { ByteSource } from './checkpoint'

/**
 * Archives as PyTorch writes them: entries are stored, not compressed, so a tensor can be read without the rest; ZIP64 for
 * files above 4 GB (PKWARE's APPNOTE.TXT, 4.3 and 4.5.3).
 */
export interface ZipEntry {
  /** Bytes of the content. */
  readonly size: number
  /** Bytes of the content. Rejects CheckpointError. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** The end record and the longest comment after it. */
const tailLimit = 22 + 0xffff
/** A model of 1515 tensors has a directory of 0.1 MB. */
const directoryLimit = 2 ** 26

/** The entries of an archive by name. Rejects CheckpointError. */
export async function readZip(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const fail = (what: string): never => {
    throw new CheckpointError(`${source.name} is no valid PyTorch archive: ${what}.`, source.name)
  }
  const { count, offset, length } = await endRecord(source, fail)
  if (offset + length > source.size || length > directoryLimit)
    fail(`its directory is at the bytes ${offset} to ${offset + length} of ${source.size}`)
  const bytes = await source.read(offset, length)
  const view = new DataView(bytes.buffer)
  const headers: { name: string; local: number; size: number; end: number }[] = []
  for (let at = 0, left = count; left > 0; left--) {
    if (at + 46 > length || view.getUint32(at, true) !== 0x02014b50) fail('its directory is broken')
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > length) fail('its directory is broken')
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
    if (view.getUint16(at + 8, true) & 1) fail(`its entry ${quoted(name)} is encrypted`)
    if (view.getUint16(at + 10, true) !== 0)
      fail(
        `its entry ${quoted(name)} is compressed, which PyTorch never does; unpack the file if it is an archive of one`,
      )
    const [size, packed, local] = zip64Fields(view, at, at + 46 + nameLength, extraLength)
    if (packed !== size) fail(`its entry ${quoted(name)} says two sizes, ${size} and ${packed} bytes`)
    if (local + 30 + nameLength + size > offset) fail(`its entry ${quoted(name)} is not inside of the file`)
    headers.push({ name, local, size, end: offset })
    at = next
  }
  headers.sort((a, b) => a.local - b.local)
  const entries = new Map<string, ZipEntry>()
  for (const [i, header] of headers.entries()) {
    header.end = headers[i + 1]?.local ?? offset
    if (entries.has(header.name)) fail(`it has two entries ${quoted(header.name)}`)
    entries.set(header.name, entryOf(source, header, fail))
  }
  return entries
}

type Fail = (what: string) => never

/** Place of the directory and number of its entries. */
async function endRecord(source: ByteSource, fail: Fail): Promise<{ count: number; offset: number; length: number }> {
  const tailStart = Math.max(0, source.size - tailLimit)
  const view = new DataView((await source.read(tailStart, source.size - tailStart)).buffer)
  let at = view.byteLength - 22
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--
  if (at < 0)
    fail('its end is missing. If it is the first of several parts, join them in their order; else download it again')
  const short = {
    count: view.getUint16(at + 10, true),
    length: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  }
  if (at < 20 || view.getUint32(at - 20, true) !== 0x07064b50) return short
  const place = Number(view.getBigUint64(at - 12, true))
  if (place + 56 > source.size) fail('its end record is not inside of the file')
  const long = new DataView((await source.read(place, 56)).buffer)
  if (long.getUint32(0, true) !== 0x06064b50) fail('its end record is broken')
  return {
    count: Number(long.getBigUint64(32, true)),
    length: Number(long.getBigUint64(40, true)),
    offset: Number(long.getBigUint64(48, true)),
  }
}

/** Sizes and place of an entry. Those that do not fit in 32 bits are in an extra field, in this order. */
function zip64Fields(view: DataView, at: number, extra: number, extraLength: number): [number, number, number] {
  const short = [24, 20, 42].map((field) => view.getUint32(at + field, true)) as [number, number, number]
  const end = extra + extraLength
  for (let field = extra; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue
    let value = field + 4
    return short.map((size) => {
      if (size !== 0xffffffff || value + 8 > end) return size
      value += 8
      return Number(view.getBigUint64(value - 8, true))
    }) as [number, number, number]
  }
  return short
}

/** @param header its `end` is where the next entry or the directory begins */
function entryOf(
  source: ByteSource,
  { name, local, size, end }: { name: string; local: number; size: number; end: number },
  fail: Fail,
): ZipEntry {
  let start: Promise<number> | undefined
  /** After the local header, whose extra field is not that of the directory: PyTorch aligns the content by it. */
  const findStart = async () => {
    const header = new DataView((await source.read(local, 30)).buffer)
    if (header.getUint32(0, true) !== 0x04034b50) fail(`its entry ${quoted(name)} is not where the directory says`)
    const found = local + 30 + header.getUint16(26, true) + header.getUint16(28, true)
    if (found + size > end) fail(`its entry ${quoted(name)} overlaps the next one`)
    return found
  }
  return {
    size,
    async read(offset, length) {
      start ??= findStart()
      const found = await start
      if (offset + length > size) fail(`its entry ${quoted(name)} has ${size} bytes; needed are ${offset + length}`)
      return source.read(found + offset, length)
    },
  }
}
