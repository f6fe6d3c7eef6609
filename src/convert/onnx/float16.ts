const float32 = new Float32Array(1)
const bits = new Uint32Array(float32.buffer)

/** The bits of the nearest float16, ties to even. Node 20 has no Float16Array. */
export function float16Bits(value: number): number {
  float32[0] = value
  const b = bits[0]!
  const sign = (b >>> 16) & 0x8000
  const exponent = ((b >>> 23) & 255) - 112
  const fraction = b & 0x7fffff
  if (exponent >= 31) return sign | 0x7c00 | (exponent === 143 && fraction > 0 ? 0x200 : 0)
  // Below 2⁻¹⁴ the spacing is 2⁻²⁴.
  if (exponent <= 0) return sign | roundToEven(Math.abs(float32[0]!) * 2 ** 24)
  // A fraction that rounds up to 1 carries into the exponent.
  return sign | ((exponent << 10) + roundToEven(fraction / 0x2000))
}

function roundToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

export function toFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, float16Bits)
}
