import { CheckpointError } from '../../errors'
import { kindOf } from '../../kind'
import { quoted, valueText } from '../../value_text'
import type { ByteSource } from './checkpoint'
import { dtypeBytes, dtypeNames, toFloats } from './dtypes'
import { countOf, isShape, type StoredTensor } from './tensors'

/** The limit of the format's own reader. */
const headerLimit = 100_000_000

/**
 * The tensors of a safetensors file: the length of a header, the header with type, shape and place of each tensor, then
 * their bytes. Rejects CheckpointError.
 */
export async function readSafetensors(source: ByteSource): Promise<Map<string, StoredTensor>> {
  const fail: (what: string, cause?: unknown) => never = (what, cause) => {
    throw new CheckpointError(`${source.name} is no valid safetensors file: ${what}.`, source.name, { cause })
  }
  if (source.size < 8) fail(`it has ${source.size} bytes`)
  const headerLength = Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true))
  if (headerLength > headerLimit) fail(`its header of ${headerLength} bytes is over the limit of ${headerLimit}`)
  if (8 + headerLength > source.size)
    fail(`its header has ${headerLength} bytes, and the file ${source.size}; download it again`)
  let header: Record<string, unknown> = {}
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await source.read(8, headerLength)))
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause
    fail('its header is no JSON', cause)
  }
  if (kindOf(header) !== 'Object') fail(`its header needs to be an object; given ${valueText(header)}`)
  const start = 8 + headerLength
  const places: { name: string; from: number; to: number }[] = []
  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
    if (typeof dtype !== 'string' || !isShape(shape) || !isShape(offsets) || offsets.length !== 2)
      fail(`the tensor ${quoted(name)} needs dtype, shape and data_offsets`)
    const [from, to] = offsets as [number, number]
    if (from > to || start + to > source.size)
      fail(`the tensor ${quoted(name)} is at the bytes ${start + from} to ${start + to} of ${source.size}`)
    const bytes = dtypeBytes(dtype)
    if (bytes !== undefined && countOf(shape) * bytes !== to - from)
      fail(`the tensor ${quoted(name)} of ${dtype} [${shape}] cannot have ${to - from} bytes`)
    places.push({ name, from, to })
    tensors.set(name, {
      shape,
      async read() {
        if (bytes === undefined) fail(`the tensor ${quoted(name)} has the type ${quoted(dtype)}, of ${dtypeNames} none`)
        return toFloats(dtype, await source.read(start + from, to - from))
      },
    })
  }
  places.sort((a, b) => a.from - b.from || a.to - b.to)
  for (const [i, { name, from }] of places.entries()) {
    const before = places[i - 1]
    if (before && from < before.to) fail(`the tensors ${quoted(before.name)} and ${quoted(name)} overlap`)
  }
  return tensors
}
