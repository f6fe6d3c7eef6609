/** Stored types by the names of safetensors, and their values as float32. */

type Reader = (bytes: Uint8Array<ArrayBuffer>) => Float32Array<ArrayBuffer>

/** Bytes of an element, and how elements become float32. Little-endian, as all machines that run JavaScript engines are. */
const dtypes: ReadonlyMap<string, { readonly bytes: number; readonly read: Reader }> = new Map([
  ['F64', { bytes: 8, read: ({ buffer }) => new Float32Array(new Float64Array(buffer)) }],
  ['F32', { bytes: 4, read: ({ buffer }) => new Float32Array(buffer) }],
  ['F16', { bytes: 2, read: ({ buffer }) => halves(new Uint16Array(buffer)) }],
  ['BF16', { bytes: 2, read: ({ buffer }) => upperHalves(new Uint16Array(buffer)) }],
  ['I64', { bytes: 8, read: ({ buffer }) => Float32Array.from(new BigInt64Array(buffer), Number) }],
  ['U64', { bytes: 8, read: ({ buffer }) => Float32Array.from(new BigUint64Array(buffer), Number) }],
  ['I32', { bytes: 4, read: ({ buffer }) => new Float32Array(new Int32Array(buffer)) }],
  ['U32', { bytes: 4, read: ({ buffer }) => new Float32Array(new Uint32Array(buffer)) }],
  ['I16', { bytes: 2, read: ({ buffer }) => new Float32Array(new Int16Array(buffer)) }],
  ['U16', { bytes: 2, read: ({ buffer }) => new Float32Array(new Uint16Array(buffer)) }],
  ['I8', { bytes: 1, read: ({ buffer }) => new Float32Array(new Int8Array(buffer)) }],
  ['U8', { bytes: 1, read: (bytes) => new Float32Array(bytes) }],
  ['BOOL', { bytes: 1, read: (bytes) => new Float32Array(bytes) }],
])

/** Bytes of an element; undefined for a type that cannot be read, such as 8-bit floats. */
export function dtypeBytes(dtype: string): number | undefined {
  return dtypes.get(dtype)?.bytes
}

/** Elements of a type that `dtypeBytes` knows, as float32. @param bytes that fill their buffer */
export function toFloats(dtype: string, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return dtypes.get(dtype)!.read(bytes)
}

/** The types that can be read, for messages. */
export const dtypeNames = [...dtypes.keys()].join(', ')

/** Every float16 by its bits: a look-up is several times as fast as a conversion, and models have 10⁹ of them. */
let halfTable: Float32Array | undefined

function halves(bits: Uint16Array): Float32Array<ArrayBuffer> {
  halfTable ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => {
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    if (exponent === 0) return sign * fraction * 2 ** -24
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })
  const floats = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) floats[i] = halfTable[bits[i]!]!
  return floats
}

/** bfloat16 is the upper half of a float32. */
function upperHalves(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16
  return new Float32Array(words.buffer)
}
