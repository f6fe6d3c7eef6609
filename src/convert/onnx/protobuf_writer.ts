/** A value of a field: an integer, a float of 32 bits, a text, or bytes, as which messages in a message count too. */
export type FieldValue = number | { readonly float32: number } | string | Uint8Array

/** A field of a message; one without a value is left out. */
export type Field = readonly [number: number, value: FieldValue | undefined]

/** The bytes of a protobuf message. */
export function protobufMessage(fields: Iterable<Field>): Uint8Array<ArrayBuffer> {
  const parts = Array.from(fields).flatMap(([number, value]) => (value === undefined ? [] : fieldParts(number, value)))
  const message = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    message.set(part, at)
    at += part.length
  }
  return message
}

const [VARINT, LENGTH_DELIMITED, FIXED_32] = [0, 2, 5]

function fieldParts(number: number, value: FieldValue): Uint8Array[] {
  const tag = (type: number) => varint(number * 8 + type)
  if (typeof value === 'number') return [tag(VARINT), varint(value)]
  if (typeof value === 'object' && 'float32' in value) {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value.float32, true)
    return [tag(FIXED_32), bytes]
  }
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return [tag(LENGTH_DELIMITED), varint(bytes.length), bytes]
}

/** Seven bits a byte, the lowest first. Negative integers are those of two's complement in 64 bits. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return Uint8Array.of(...bytes, Number(rest))
}
