import type { Layout } from 'vq-diffusion-webgpu'
import type { FloatTensor } from './host_tensor'

export const layouts: readonly Layout[] = ['class-major', 'pixel-major']

/** The shape of B items of N columns of `rows` classes. */
export function columnsShape(layout: Layout, [B, rows, N]: readonly [number, number, number]): number[] {
  return layout === 'class-major' ? [B, rows, N] : [B, N, rows]
}

/** [B, rows, N] → [B, N, rows] */
export function pixelMajor({ data, shape }: FloatTensor): FloatTensor {
  const [B = 0, rows = 0, N = 0] = shape
  const transposed = new Float32Array(data.length)
  for (let b = 0; b < B; b++)
    for (let k = 0; k < rows; k++)
      for (let n = 0; n < N; n++) transposed[(b * N + n) * rows + k] = data[(b * rows + k) * N + n]!
  return { data: transposed, shape: [B, N, rows] }
}

/** A class-major tensor [B, rows, N] in a layout. */
export function inLayout(layout: Layout, tensor: FloatTensor): FloatTensor {
  return layout === 'class-major' ? tensor : pixelMajor(tensor)
}

/** One column for every token of an item: a tensor of the shape `columnsShape(layout, [1, K, tokens])`. */
export function repeated(column: ArrayLike<number>, tokens: number, layout: Layout): Float32Array<ArrayBuffer> {
  const K = column.length
  const data = new Float32Array(K * tokens)
  for (let i = 0; i < data.length; i++) data[i] = column[layout === 'pixel-major' ? i % K : Math.floor(i / tokens)]!
  return data
}
