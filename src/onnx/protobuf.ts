/** A field of a protobuf message: its number, and where its content lies. */
export interface ProtobufField {
  readonly field: number
  readonly start: number
  /** Beyond the message if the content is cut off. */
  readonly end: number
}

/** The fields of a protobuf message, whose contents are skipped. Stops at the first byte that is no field. */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField, void> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < message.length) {
    const tag = varint()
    const type = tag % 8
    let start = at
    if (type === 0) varint()
    else if (type === 1) at += 8
    else if (type === 5) at += 4
    else if (type === 2) {
      const length = varint()
      start = at
      at += length
    } else return
    yield { field: Math.floor(tag / 8), start, end: at }
  }
}

/** The values of one length-delimited field of a protobuf message. */
export function* submessages(message: Uint8Array, wanted: number): Generator<Uint8Array, void> {
  for (const { field, start, end } of protobufFields(message)) if (field === wanted) yield message.subarray(start, end)
}

/** The first value of such a field as a text; empty if there is none. */
export function textOf(message: Uint8Array, wanted: number): string {
  const [bytes = new Uint8Array(0)] = submessages(message, wanted)
  // A copy, since TextDecoder refuses memory that can be resized.
  return new TextDecoder().decode(bytes.slice())
}
