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
