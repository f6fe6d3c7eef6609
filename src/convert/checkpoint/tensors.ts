import { CheckpointError } from '../../errors'
import { quoted } from '../../value_text'
import type { Weights } from './checkpoint'

/** A tensor of a file, not read yet. */
export interface StoredTensor {
  readonly shape: readonly number[]
  /** Row-major float32. Rejects CheckpointError. */
  read(): Promise<Float32Array<ArrayBuffer>>
}

/** The tensors of one network by name. */
export type Tensors = ReadonlyMap<string, StoredTensor>

/** Weights of these tensors. @param source the file or folder, for messages */
export function weightsOf(source: string, tensors: Tensors): Weights {
  return {
    shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    async read(name) {
      const tensor = tensors.get(name)
      if (!tensor) throw new CheckpointError(`${source} has no weight ${quoted(name)}.`, source)
      return tensor.read()
    },
  }
}

/** Number of elements; Infinity where it is no exact number. */
export function countOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1)
  return Number.isSafeInteger(count) ? count : Infinity
}

/** Whether a value of a file is a list of sizes, 0 included. */
export function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= 16 && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

/** The same tensor with other axes. */
export function reshaped(tensor: StoredTensor, shape: readonly number[]): StoredTensor {
  return { shape, read: () => tensor.read() }
}

/** Rows of a matrix, in this order; a row may be there more than once. */
export function rowsOf(tensor: StoredTensor, rows: readonly number[]): StoredTensor {
  const [, width = 0] = tensor.shape
  return {
    shape: [rows.length, width],
    async read() {
      const all = await tensor.read()
      const chosen = new Float32Array(rows.length * width)
      for (const [i, row] of rows.entries()) chosen.set(all.subarray(row * width, (row + 1) * width), i * width)
      return chosen
    },
  }
}

/** A tensor of zeros. */
export function zeros(shape: readonly number[]): StoredTensor {
  return { shape, read: async () => new Float32Array(countOf(shape)) }
}

/** A part of a tensor along its first axis, of `parts` equal ones. */
export function partOf(tensor: StoredTensor, part: number, parts: number): StoredTensor {
  const [rows = 0, ...rest] = tensor.shape
  return {
    shape: [rows / parts, ...rest],
    async read() {
      const all = await tensor.read()
      return all.slice((part * all.length) / parts, ((part + 1) * all.length) / parts)
    },
  }
}

/** A matrix with one more row, the mean of all. */
export function withMeanRow(tensor: StoredTensor): StoredTensor {
  const [rows = 0, columns = 0] = tensor.shape
  return {
    shape: [rows + 1, columns],
    async read() {
      const matrix = await tensor.read()
      const sums = new Float64Array(columns)
      for (const [at, value] of matrix.entries()) sums[at % columns]! += value
      const all = new Float32Array(matrix.length + columns)
      all.set(matrix)
      all.set(
        sums.map((sum) => sum / rows),
        matrix.length,
      )
      return all
    },
  }
}
