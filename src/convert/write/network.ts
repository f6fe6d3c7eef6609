import type { NetworkGraph } from '../graphs/network_graph'
import { type ExternalPlace, layOut, type Shard } from '../onnx/external_layout'
import { bytesOf, encodeModel, type Placement, type TensorSpec } from '../onnx/model'
import { weightsPrefix } from './model_index'
import type { OutputFile, OutputFolder } from './output_folder'

/** A network with the files that it will have. */
export interface PlannedNetwork {
  readonly graph: NetworkGraph
  /** Of the .onnx file in the model folder. */
  readonly path: string
  readonly places: ReadonlyMap<string, ExternalPlace>
  readonly shards: readonly Shard[]
  /** Of all constants. */
  readonly bytes: number
}

/** Places the weights of a network in files beside its graph. Throws OptionError if one is larger than a file may be. */
export function planNetwork(graph: NetworkGraph, path: string, shardBytes: number): PlannedNetwork {
  const { constants } = graph
  const bytes = constants.reduce((sum, constant) => sum + bytesOf(constant), 0)
  return { graph, path, ...layOut(constants, weightsPrefix(path), shardBytes), bytes }
}

/**
 * Writes a network: first its weights, one group at a time, then the graph.
 *
 * @param onBytes how many bytes were written more
 */
export async function writeNetwork(
  { graph, path, places }: PlannedNetwork,
  folder: OutputFolder,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const files = new FileSequence(folder, path.slice(0, path.lastIndexOf('/') + 1))
  const inModel = new Map<string, Uint8Array>()
  try {
    for (const { tensors, make } of graph.groups) {
      signal?.throwIfAborted()
      const contents = await make()
      for (const [i, tensor] of tensors.entries()) {
        const bytes = requireBytes(tensor, contents[i]!)
        const place = places.get(tensor.name)
        if (place) await files.write(place, bytes)
        else inModel.set(tensor.name, bytes.slice())
        onBytes(bytes.length)
      }
    }
  } finally {
    await files.close()
  }
  const placementOf = (name: string): Placement => places.get(name) ?? { content: inModel.get(name)! }
  await folder.write(path, encodeModel(graph, placementOf))
}

function requireBytes(tensor: TensorSpec, content: ArrayBufferView): Uint8Array {
  if (content.byteLength !== bytesOf(tensor))
    throw new RangeError(`${tensor.name} needs ${bytesOf(tensor)} bytes; given ${content.byteLength}.`)
  return new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
}

/** Files of external data that are written from first to last, each place after the one before. */
class FileSequence {
  #file: OutputFile | undefined
  #location = ''
  #end = 0

  constructor(
    readonly folder: OutputFolder,
    readonly prefix: string,
  ) {}

  async write({ location, offset, length }: ExternalPlace, bytes: Uint8Array): Promise<void> {
    if (location !== this.#location) {
      await this.close()
      this.#file = await this.folder.open(`${this.prefix}${location}`)
      this.#location = location
      this.#end = 0
    }
    if (offset > this.#end) await this.#file!.write(new Uint8Array(offset - this.#end))
    await this.#file!.write(bytes)
    this.#end = offset + length
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}
