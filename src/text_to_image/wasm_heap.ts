import { LimitError } from '../errors'

/**
 * Bytes of weights that fit on WebAssembly. All networks share one heap, whose addresses have 32 bits: 4 GiB, of which half
 * a GiB is left to what a run computes with.
 */
const CAPACITY = 3.5 * 2 ** 30

/**
 * What a byte of a graph takes of the heap: weights inside of it are there as a file and as tensors before the file is
 * freed (2.1 to 2.2, measured with 1 to 2 GB on onnxruntime-web 1.30), and those in files beside it are tensors at once.
 */
const BYTES_PER_GRAPH_BYTE = 2.2

/** The memory of the networks that run on WebAssembly. */
export class WasmHeap {
  readonly #graphs = new Map<string, number>()

  /** @param explanation why they do not run on WebGPU, as sentences */
  constructor(private readonly explanation: string) {}

  /**
   * Takes memory for a graph, in place of what it took before. Throws LimitError if there is not enough.
   *
   * @param graphBytes of the graph itself
   * @param weightBytes in files beside it
   */
  require(path: string, graphBytes: number, weightBytes = 0): void {
    this.#graphs.set(path, BYTES_PER_GRAPH_BYTE * graphBytes + weightBytes)
    const needed = [...this.#graphs.values()].reduce((sum, bytes) => sum + bytes, 0)
    if (needed > CAPACITY)
      throw new LimitError(
        `The networks {${[...this.#graphs.keys()].join(', ')}} need ${gigabytes(needed)} of memory, and WebAssembly has ` +
          `${gigabytes(CAPACITY)} for weights: they need WebGPU.${this.explanation && ` ${this.explanation}`}`,
      )
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`
}
