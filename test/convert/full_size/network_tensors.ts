import { textEncoderWeights, transformerWeights, vqvaeWeights } from '../../../src/convert/checkpoint/architecture'
import type { Pieces } from '../../support/checkpoint_files'
import { randomPieces } from '../random_weights'
import type { ModelShape } from './models'

/** The shapes of a network's weights by diffusers' present names. */
export type Shapes = ReadonlyMap<string, readonly number[]>

/** The shapes of the networks of a model. */
export function shapesOf({ transformer, vqvae, textEncoder }: ModelShape): Record<keyof ModelShape, Shapes> {
  const sizes = (weights: Iterable<readonly [string, readonly (number | undefined)[]]>, open: number): Shapes =>
    new Map([...weights].map(([name, shape]) => [name, shape.map((size) => size ?? open)]))
  return {
    transformer: sizes(transformerWeights(transformer), transformer.latent_width),
    vqvae: sizes(vqvaeWeights(vqvae, vqvae.block_out_channels[0]!), 0),
    textEncoder: sizes(textEncoderWeights(textEncoder), 0),
  }
}

export const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
export const numWeights = (shapes: Shapes) => [...shapes.values()].reduce((sum, shape) => sum + countOf(shape), 0)

/** The random elements of weights one after the other, float32 unless they are stored otherwise. */
export function storageOf(
  weights: readonly (readonly [name: string, shape: readonly number[]])[],
  bytesOfWeight = 4,
  stored: (values: Float32Array<ArrayBuffer>) => ArrayBufferView = (values) => values,
): Pieces {
  return {
    length: bytesOfWeight * weights.reduce((sum, [, shape]) => sum + countOf(shape), 0),
    *pieces() {
      for (const [name, shape] of weights)
        for (const piece of randomPieces(name, shape)) {
          const { buffer, byteOffset, byteLength } = stored(piece)
          yield new Uint8Array(buffer, byteOffset, byteLength)
        }
    },
  }
}
