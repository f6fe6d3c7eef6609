import type { Layout } from '../../src/options'
import type { FloatTensor } from './fixtures'

export const layouts: readonly Layout[] = ['class-major', 'pixel-major']

/** [B, rows, N] → [B, N, rows] */
export function pixelMajor({ data, shape }: FloatTensor): FloatTensor {
  const [B = 0, rows = 0, N = 0] = shape
  const transposed = new Float32Array(data.length)
  for (let b = 0; b < B; b++)
    for (let k = 0; k < rows; k++)
      for (let n = 0; n < N; n++) transposed[(b * N + n) * rows + k] = data[(b * rows + k) * N + n]!
  return { data: transposed, shape: [B, N, rows] }
}

/** A tensor of the reference in a layout. */
export function layoutOf(layout: Layout, tensor: FloatTensor): FloatTensor {
  return layout === 'class-major' ? tensor : pixelMajor(tensor)
}
