const words = new Uint32Array(1)
const asFloat = new Float32Array(words.buffer)

/** Finite IEEE half-precision bits as numbers. Node 20 has no Float16Array. */
export function halvesToFloats(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!
    // The exponent lands 112 too low; a multiplication puts it right, and normalises what was subnormal.
    words[0] = (half & 0x7fff) << 13
    const magnitude = asFloat[0]! * 2 ** 112
    floats[i] = half & 0x8000 ? -magnitude : magnitude
  }
  return floats
}
