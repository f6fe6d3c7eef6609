import type { Weights } from '../../src/convert/checkpoint/checkpoint'

/** Names with shapes; a size that the network leaves open has to be given. */
type Shapes = Iterable<readonly [name: string, shape: readonly (number | undefined)[]]>

const pieceLength = 2 ** 18

/**
 * The pseudo-random elements of a weight in pieces, the same in every run. Of such a size that activations keep theirs from
 * layer to layer; those of norms are around 1.
 */
export function* randomPieces(name: string, shape: readonly number[]): Generator<Float32Array<ArrayBuffer>> {
  const length = shape.reduce((a, b) => a * b, 1)
  let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619), 2166136261)
  const around = /norm\w*\.weight$/.test(name) ? 1 : 0
  const scale = Math.sqrt(3 / (shape.length > 1 ? length / shape[0]! : 4))
  for (let start = 0; start < length; start += pieceLength) {
    const piece = new Float32Array(Math.min(pieceLength, length - start))
    for (let i = 0; i < piece.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      piece[i] = around + scale * ((state >>> 0) / 2 ** 31 - 1)
    }
    yield piece
  }
}

/** Random weights of these shapes. @param open the size of axes that the shapes leave open */
export function randomWeights(shapes: Shapes, open = 0): Weights {
  const sizes = new Map([...shapes].map(([name, shape]) => [name, shape.map((size) => size ?? open)]))
  const read = async (name: string) => {
    const shape = sizes.get(name)
    if (!shape) throw new Error(`no weight ${name}`)
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
    let at = 0
    for (const piece of randomPieces(name, shape)) {
      values.set(piece, at)
      at += piece.length
    }
    return values
  }
  return { shapes: sizes, read }
}
