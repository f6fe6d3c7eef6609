/** Weights of a linear layer as MatMulNBits takes them. */
export interface QuantisedWeights {
  /** Unsigned integers with the zero point 2^(bits − 1), the lower half of a byte first: [rows, blocks, block · bits / 8]. */
  readonly packed: Uint8Array<ArrayBuffer>
  /** The factor of each block: [rows, blocks]. */
  readonly scales: Float32Array<ArrayBuffer>
}

/**
 * Rounds weights, [rows, columns] of a linear layer, to integers of 4 or 8 bits with a factor for each `block` of columns,
 * which divides their number. The value of the largest magnitude in a block becomes −2^(bits − 1), and is exact.
 */
export function quantise(weights: Float32Array, block: number, bits: 4 | 8): QuantisedWeights {
  const zero = 2 ** (bits - 1)
  const packed = new Uint8Array((weights.length * bits) / 8)
  const scales = new Float32Array(weights.length / block)
  for (let i = 0; i < scales.length; i++) {
    const start = i * block
    const largest = extreme(weights, start, start + block)
    const scale = largest === 0 ? 0 : largest / -zero
    scales[i] = scale
    for (let at = start; at < start + block; at++) {
      const q = scale === 0 ? zero : Math.min(2 * zero - 1, Math.max(0, Math.round(weights[at]! / scale) + zero))
      if (bits === 8) packed[at] = q
      else packed[at >> 1]! |= at % 2 === 1 ? q << 4 : q
    }
  }
  return { packed, scales }
}

/** The value of the largest magnitude. */
function extreme(values: Float32Array, start: number, end: number): number {
  let found = 0
  for (let at = start; at < end; at++) if (Math.abs(values[at]!) > Math.abs(found)) found = values[at]!
  return found
}
