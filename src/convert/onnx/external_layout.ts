import { OptionError } from '../../errors'
import { bytesOf, type TensorSpec } from './model'

/** A place in a file of external data. */
export interface ExternalPlace {
  readonly location: string
  readonly offset: number
  readonly length: number
}

/** A file of external data. */
export interface Shard {
  readonly name: string
  readonly bytes: number
}

/** Constants of at most this many bytes stay in the model: axis sizes and short vectors, which providers read on the host. */
const inlineBytes = 1024
/** Offsets are multiples of it, the strictest alignment of WebGPU. */
const alignment = 256

/**
 * Places the constants of a graph in files `PREFIX.00.bin`, `PREFIX.01.bin` … of at most `shardBytes`, in their order.
 * Small constants have no place. Throws OptionError if one tensor is larger than a shard.
 */
export function layOut(constants: readonly TensorSpec[], prefix: string, shardBytes: number) {
  const places = new Map<string, ExternalPlace>()
  const shards: Shard[] = []
  let end = 0
  for (const constant of constants) {
    const length = bytesOf(constant)
    if (length <= inlineBytes) continue
    if (length > shardBytes)
      throw new OptionError(
        `--shard-size needs to hold the largest tensor, ${constant.name} of ${length} bytes; given ${shardBytes} bytes.`,
      )
    const aligned = Math.ceil(end / alignment) * alignment
    const offset = shards.length === 0 || aligned + length > shardBytes ? 0 : aligned
    if (offset === 0) shards.push({ name: `${prefix}.${String(shards.length).padStart(2, '0')}.bin`, bytes: 0 })
    end = offset + length
    const { name } = shards.pop()!
    shards.push({ name, bytes: end })
    places.set(constant.name, { location: name, offset, length })
  }
  return { places, shards }
}
